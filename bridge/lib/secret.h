/* Secrets stay in this process and in their files. */
#ifndef BRIDGE_SECRET_H
#define BRIDGE_SECRET_H

extern void secret_guard(void);
extern char *secret_read(const char *path);

#endif
