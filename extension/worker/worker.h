/*
 * The worker: launcher.c registers it, scheduler.c is its process, job.c runs
 * one job.  Include it after postgres.h.
 */
#ifndef PASSPORT_WORKER_H
#define PASSPORT_WORKER_H

#define WORKER_ROLE "passport_owner"

extern PGDLLEXPORT void PassportSchedulerMain(Datum argument);

/*
 * RecoverJobs marks the runs that a crash cut off.  RunDueJob runs one job
 * whose time has come, and returns whether there was one.  Both are called
 * outside of any transaction, and return outside of any.
 */
extern void RecoverJobs(void);
extern bool RunDueJob(void);

#endif
