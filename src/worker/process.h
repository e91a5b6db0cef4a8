/*
 * process.h
 *	  Processes that do one thing in one database, and end.
 */
#ifndef TC_PROCESS_H
#define TC_PROCESS_H

struct BackgroundWorkerHandle;

/*
 * Start a function of the library in a process for a database, which is its
 * argument; its end sets the caller's latch.  NULL when there are too many
 * processes.  The handle is palloc'd.
 */
extern struct BackgroundWorkerHandle *tc_process_start(const char *function,
													   const char *name,
													   Oid database);

#endif /* TC_PROCESS_H */
