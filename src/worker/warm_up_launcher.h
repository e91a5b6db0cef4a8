/*
 * warm_up_launcher.h
 *	  When what was resident is written down, and loaded again.
 */
#ifndef TC_WARM_UP_LAUNCHER_H
#define TC_WARM_UP_LAUNCHER_H

/*
 * Called in each round of the background worker: begins or goes on with the
 * warm-up, and writes the file when that is due.
 */
extern void tc_warm_up_launcher_step(void);

/* The server is being shut down: write the file. */
extern void tc_warm_up_launcher_shutdown(void);

#endif /* TC_WARM_UP_LAUNCHER_H */
