/*
 * warm_up.h
 *	  When what was resident is written down, and loaded again.
 */
#ifndef TC_WARM_UP_H
#define TC_WARM_UP_H

/*
 * Called in each round of the background worker: begins or goes on with the
 * warm-up, and writes the file when that is due.
 */
extern void tc_warm_up_step(void);

/* The server is being shut down: write the file. */
extern void tc_warm_up_shutdown(void);

#endif /* TC_WARM_UP_H */
