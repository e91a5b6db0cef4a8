/*
 * worker.h
 *	  The background worker that keeps the segment in order.
 */
#ifndef TC_WORKER_H
#define TC_WORKER_H

/* Register the worker; called from _PG_init. */
extern void tc_worker_init(void);

#endif /* TC_WORKER_H */
