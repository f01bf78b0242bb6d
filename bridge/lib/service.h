/* What the service manager (systemd) is told, where it asked to be: sd_notify's protocol. */
#ifndef BRIDGE_SERVICE_H
#define BRIDGE_SERVICE_H

extern void service_begin(void);
extern void service_ready(void);
extern void service_reloading(void);
extern void service_stopping(int seconds);
extern void service_alive(void);
extern void service_status(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
