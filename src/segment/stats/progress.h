/*
 * progress.h
 *	  How far loads have come, for others to see.
 */
#ifndef TC_PROGRESS_H
#define TC_PROGRESS_H

#include "segment/memory/ref.h"

typedef enum TcLoading
{
	TC_LOADING_HYDRATE,
	TC_LOADING_WARM_UP
} TcLoading;

/* A load as it was a moment ago. */
typedef struct TcProgress
{
	int pid;
	Oid database;
	Oid relation; /* the one at hand */
	TcLoading what;
	int64 started; /* TimestampTz */
	int64 done;	   /* rows or keys that were looked at, */
	int64 loaded;  /* that became records, */
	int64 total;   /* and that there are; an estimate */
} TcProgress;

extern void tc_progress_create(void);

/*
 * Begin, tell and end; a process does one load at a time.  Where too many are
 * under way one more is not shown.  The end comes by itself after an error.
 */
extern void tc_progress_begin(TcLoading what, Oid relation, int64 total);
extern void tc_progress_tell(Oid relation, int64 done, int64 loaded);
extern void tc_progress_end(void);

/* The load at a place; false where there is none.  Places count from 0. */
extern int tc_progress_places(void);
extern bool tc_progress_read(int place, TcProgress *progress);

#endif /* TC_PROGRESS_H */
