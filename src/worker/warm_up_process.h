/*
 * warm_up_process.h
 *	  The process that loads one database's records after a start.
 */
#ifndef TC_WARM_UP_PROCESS_H
#define TC_WARM_UP_PROCESS_H

struct BackgroundWorkerHandle;

/*
 * Start a process for a database; its end sets the caller's latch.  NULL
 * when there are too many processes.  The handle is palloc'd.
 */
extern struct BackgroundWorkerHandle *tc_warm_up_process_start(Oid database);

#endif /* TC_WARM_UP_PROCESS_H */
