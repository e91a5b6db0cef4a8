/*
 * rota.h
 *	  Which database is next to have its expired rows deleted.
 */
#ifndef TC_ROTA_H
#define TC_ROTA_H

/*
 * Start a process for a database in which rows are due, if there is one and
 * none is under way; called in each round of the background worker.
 */
extern void tc_rota_step(void);

#endif /* TC_ROTA_H */
