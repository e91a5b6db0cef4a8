/*
 * get_many_scan.h
 *	  get_many() in FROM as a scan node.
 */
#ifndef TC_GET_MANY_SCAN_H
#define TC_GET_MANY_SCAN_H

/* Begin to offer the node to the planner; called from _PG_init. */
extern void tc_get_many_scan_init(void);

#endif /* TC_GET_MANY_SCAN_H */
