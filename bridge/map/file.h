/* Files that a web server reads while we write them: each is whole or absent. */
#ifndef BRIDGE_FILE_H
#define BRIDGE_FILE_H

#include <stdbool.h>
#include <stddef.h>

extern bool file_write(const char *directory, const char *name, const char *data, size_t length);
extern bool file_copy(const char *from, const char *directory, const char *name);
extern bool file_is_half(const char *name, const void *unused);
extern bool directory_make(const char *directory, const char *name);
extern bool directory_forget(const char *directory, const char *name,
                             bool (*forget)(const char *file, const void *argument),
                             const void *argument);

#endif
