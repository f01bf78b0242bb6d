/*
 * Files of the hierarchy's directory.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"

FILE *
output_open(const char *directory, const char *mode, const char *name, ...)
{
	char path[PATH_MAX];
	int length = snprintf(path, sizeof(path), "%s/", directory), more, file;
	int flags =
	    mode[0] == 'r' ? O_RDONLY : O_WRONLY | O_CREAT | (mode[0] == 'a' ? O_APPEND : O_TRUNC);
	va_list arguments;

	if (length < 0 || length >= (int) sizeof(path))
		return NULL;
	va_start(arguments, name);
	more = vsnprintf(path + length, sizeof(path) - (size_t) length, name, arguments);
	va_end(arguments);
	length += more;
	if (more < 4 || length >= (int) sizeof(path))
		return NULL;
	file = open(path, flags | O_CLOEXEC, strcmp(path + length - 4, ".key") == 0 ? 0600 : 0644);
	return file < 0 ? NULL : fdopen(file, mode);
}
