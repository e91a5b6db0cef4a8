/*
 * warmer.h
 *	  The process that loads one database's records after a start.
 */
#ifndef TC_WARMER_H
#define TC_WARMER_H

struct BackgroundWorkerHandle;

/*
 * Start a process for a database; its end sets the caller's latch.  NULL
 * when there are too many processes.  The handle is palloc'd.
 */
extern struct BackgroundWorkerHandle *tc_warmer_start(Oid database);

#endif /* TC_WARMER_H */
