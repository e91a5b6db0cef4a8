/*
 * ddl.h
 *	  Watching changes of what maps rely on.
 */
#ifndef TC_DDL_H
#define TC_DDL_H

/* Begin to watch; called from _PG_init. */
extern void tc_ddl_init(void);

#endif /* TC_DDL_H */
