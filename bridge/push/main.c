/* passport-push: carries deliveries from the outbox to push services, LINE and mail. */
#include "lib/command.h"
#include "sender.h"

static const struct command command = {.name = "passport-push",
                                       .config = "/etc/passport/push.conf",
                                       .once = "sends what can be sent now",
                                       .check = "settings, credentials and the database"};

int
main(int argc, char **argv)
{
	struct command_line line;
	enum exit_code code;

	if (!command_read(&command, argc, argv, &line, &code))
		return code;
	return line.check ? sender_check(line.config) : sender_run(line.config, line.once);
}
