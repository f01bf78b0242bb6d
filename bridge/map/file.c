/*
 * Writes beside the file and renames over it, so that no reader sees a half.
 * The half has a name that nothing links to; a program that is killed leaves it
 * behind.
 */
#include "map/file.h"

#include "lib/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HALF ".half."

/* The largest file that is copied; Leaflet's have 150 KB. */
#define MAX_COPY (4 * 1024 * 1024)

static bool complain(const char *what, const char *name);
static bool write_all(int file, const char *data, size_t length);
static bool says(const char *path, const char *data, size_t length);

/*
 * file_write makes or replaces directory/name; one that says the same already is
 * left as it is, so that readers who ask whether it changed are told that it did
 * not.  Returns false after logging why; what stood there before stands unharmed
 * then.
 */
bool
file_write(const char *directory, const char *name, const char *data, size_t length)
{
	char path[PATH_MAX], fresh[PATH_MAX];
	int file;
	bool written;

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int) sizeof(path) ||
	    snprintf(fresh, sizeof(fresh), "%s/" HALF "XXXXXX", directory) >= (int) sizeof(fresh))
	{
		errno = ENAMETOOLONG;
		return complain("could not write a file", name);
	}
	if (says(path, data, length))
		return true;
	file = mkstemp(fresh);
	if (file < 0)
		return complain("could not write a file", name);
	/* mkstemp's files are their owner's; a web server is somebody else */
	written = write_all(file, data, length) && fchmod(file, 0644) == 0 &&
	          /* else a power cut may leave the new name with nothing in it */
	          fdatasync(file) == 0;
	if (close(file) != 0 || !written || rename(fresh, path) != 0)
	{
		complain("could not write a file", name);
		unlink(fresh);
		return false;
	}
	return true;
}

/* file_copy makes directory/name a copy of from/name. */
bool
file_copy(const char *from, const char *directory, const char *name)
{
	char path[PATH_MAX];
	struct stat status;
	char *data = NULL;
	int file = -1;
	bool copied = false;

	if (snprintf(path, sizeof(path), "%s/%s", from, name) < (int) sizeof(path))
		file = open(path, O_RDONLY | O_CLOEXEC);
	if (file >= 0 && fstat(file, &status) == 0 && status.st_size <= MAX_COPY)
		data = malloc(status.st_size + 1);
	if (data != NULL && read(file, data, status.st_size) == status.st_size)
		copied = file_write(directory, name, data, status.st_size);
	else
		complain("could not read a file", name);
	free(data);
	if (file >= 0)
		close(file);
	return copied;
}

/* directory_make makes directory/name unless it is there; name may be empty. */
bool
directory_make(const char *directory, const char *name)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int) sizeof(path))
		errno = ENAMETOOLONG;
	else if (mkdir(path, 0755) == 0 || errno == EEXIST)
		return true;
	return complain("could not make a directory", name[0] ? name : directory);
}

/*
 * directory_forget removes the files of directory/name of which forget() says
 * so.  Returns false after logging why one could not be.
 */
bool
directory_forget(const char *directory, const char *name,
                 bool (*forget)(const char *file, const void *argument), const void *argument)
{
	char path[PATH_MAX];
	DIR *files = NULL;
	struct dirent *entry;
	bool gone = true;

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) < (int) sizeof(path))
		files = opendir(path);
	if (files == NULL)
		return complain("could not read a directory", name);
	/* cppcheck-suppress readdirCalled ; there is one thread, and readdir_r is deprecated */
	while ((entry = readdir(files)) != NULL)
		if (forget(entry->d_name, argument) && unlinkat(dirfd(files), entry->d_name, 0) != 0 &&
		    errno != ENOENT)
			gone = complain("could not remove a file", entry->d_name);
	closedir(files);
	return gone;
}

/* file_is_half tells whether a file of this name was being written. */
bool
file_is_half(const char *name, const void *unused)
{
	(void) unused;
	return strncmp(name, HALF, strlen(HALF)) == 0;
}

static bool
complain(const char *what, const char *name)
{
	log_error(what, "{s:s, s:s}", "name", name, "reason", strerror(errno));
	return false;
}

static bool
write_all(int file, const char *data, size_t length)
{
	while (length > 0)
	{
		ssize_t written = write(file, data, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		data += written;
		length -= written;
	}
	return true;
}

/* says tells whether the file holds just this. */
static bool
says(const char *path, const char *data, size_t length)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	char part[16384];
	size_t same = 0;
	ssize_t got = 0;

	if (file < 0)
		return false;
	if (fstat(file, &status) == 0 && status.st_size == (off_t) length)
		while ((got = read(file, part, sizeof(part))) > 0 && same + got <= length &&
		       memcmp(part, data + same, got) == 0)
			same += got;
	close(file);
	return got == 0 && same == length;
}
