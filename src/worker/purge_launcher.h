/*
 * purge_launcher.h
 *	  Which database is next to have its expired rows deleted.
 */
#ifndef TC_PURGE_LAUNCHER_H
#define TC_PURGE_LAUNCHER_H

/*
 * Start a process for a database in which rows are due, if there is one and
 * none is under way; called in each round of the background worker.
 */
extern void tc_purge_launcher_step(void);

#endif /* TC_PURGE_LAUNCHER_H */
