/*
 * purge_process.h
 *	  The process that deletes expired rows in one database.
 */
#ifndef TC_PURGE_PROCESS_H
#define TC_PURGE_PROCESS_H

struct BackgroundWorkerHandle;

/*
 * Start a process for a database; its end sets the caller's latch.  NULL
 * when there are too many processes.  The handle is palloc'd.
 */
extern struct BackgroundWorkerHandle *tc_purge_process_start(Oid database);

#endif /* TC_PURGE_PROCESS_H */
