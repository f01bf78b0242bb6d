/*
 * A file with a secret in it must be its owner's alone: who can read the service
 * account can write to every resident's phone.
 */
#include "secret.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_BYTES 65536

/*
 * secret_guard keeps our memory to ourselves: no core is left behind, and no other
 * process of the same user reads it, or our environment, by /proc or ptrace.
 */
void
secret_guard(void)
{
	const struct rlimit none = {0, 0};

	prctl(PR_SET_DUMPABLE, 0);
	/* not setrlimit(), which a filter of system calls may refuse (@resources of systemd) */
	prlimit(0, RLIMIT_CORE, &none, NULL);
}

/*
 * secret_read returns the contents of a file that only its owner can read, to be
 * wiped and freed; NULL after logging why not.
 */
char *
secret_read(const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat;
	char *content = NULL;
	ssize_t length = -1;

	if (file < 0 || fstat(file, &stat) != 0)
		log_error("could not open a secret", "{s:s, s:s}", "file", path, "reason", strerror(errno));
	else if (!S_ISREG(stat.st_mode) || (stat.st_mode & 077) != 0 ||
	         (stat.st_uid != geteuid() && stat.st_uid != 0))
		log_error("a secret must be its owner's alone", "{s:s, s:s}", "file", path, "hint",
		          "Use chown and chmod 600.");
	else if (stat.st_size == 0 || stat.st_size >= SECRET_BYTES)
		log_error("a secret has an odd size", "{s:s}", "file", path);
	else if ((content = calloc(1, SECRET_BYTES)) != NULL)
		length = read(file, content, SECRET_BYTES - 1);
	if (file >= 0)
		close(file);
	if (length > 0)
		return content;
	free(content);
	return NULL;
}
