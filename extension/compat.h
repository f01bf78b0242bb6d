/*
 * Every difference between the PostgreSQL versions that we build for (15 to
 * 18) stands here, so that the rest of the library reads as one version.
 */
#ifndef PASSPORT_COMPAT_H
#define PASSPORT_COMPAT_H

#include "fmgr.h"

#if PG_VERSION_NUM < 150000
#error "passport needs PostgreSQL 15 or newer"
#endif

/* 16 gave varlena detoasting its own header */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/*
 * passport_owner cannot log in.  Since 17 a background worker may connect as
 * such a role; before, it connects as the bootstrap superuser (no name) and
 * steps down at once, see worker/scheduler.c.
 */
#if PG_VERSION_NUM >= 170000
#define WORKER_ROLE WORKER_OWNER
#define WORKER_FLAGS BGWORKER_BYPASS_ROLELOGINCHECK
#else
#define WORKER_ROLE NULL
#define WORKER_FLAGS 0
#endif

/* 16 tells an update of summarizing indexes only from any other */
#if PG_VERSION_NUM >= 160000
#define INSERT_INDEX_TUPLES(target, row, estate) \
	ExecInsertIndexTuples(target, row, estate, false, false, NULL, NIL, false)
#else
#define INSERT_INDEX_TUPLES(target, row, estate) \
	ExecInsertIndexTuples(target, row, estate, false, false, NULL, NIL)
#endif

/* 18 lets a module state its version; it is shown by pg_get_loaded_modules() */
#if PG_VERSION_NUM >= 180000
#define PASSPORT_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "passport", .version = PASSPORT_VERSION)
#else
#define PASSPORT_MODULE_MAGIC PG_MODULE_MAGIC
#endif

#endif
