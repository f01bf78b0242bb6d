/* passport-push: carries deliveries from the outbox to push services, LINE and mail. */
#include "config.h"
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
	struct config config;
	enum exit_code code;

	if (!command_read(&command, argc, argv, &line, &code))
		return code;
	code = EXIT_CONFIGURATION;
	if (config_read(&config, line.config))
		code = line.check ? sender_check(&config) : sender_run(&config, line.once);
	config_free(&config);
	return code;
}
