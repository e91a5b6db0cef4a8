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

/*
 * Log the error that was caught while doing something of a relation, and abort
 * the transaction; context is what was current before it began.
 */
extern void tc_process_log_error(MemoryContext context, const char *doing,
								 Oid relation);

#endif /* TC_PROCESS_H */
