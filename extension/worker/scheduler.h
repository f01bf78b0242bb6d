/* The background workers' entry points, by whose names PostgreSQL finds them. */
#ifndef PASSPORT_SCHEDULER_H
#define PASSPORT_SCHEDULER_H

/* as whom the jobs run */
#define WORKER_OWNER "passport_owner"

extern PGDLLEXPORT void PassportLauncherMain(Datum argument);
extern PGDLLEXPORT void PassportSchedulerMain(Datum argument);

#endif
