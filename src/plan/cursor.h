/*
 * cursor.h
 *	  Cursors over attached tables.
 */
#ifndef TC_CURSOR_H
#define TC_CURSOR_H

/* Is the query that is being planned that of a cursor? */
extern bool tc_cursor_is_planned(void);

extern void tc_cursor_init(void);

#endif /* TC_CURSOR_H */
