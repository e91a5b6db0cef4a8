/*
 * many_scan.h
 *	  get_many() in FROM as a scan node.
 */
#ifndef TC_MANY_SCAN_H
#define TC_MANY_SCAN_H

/* Begin to offer the node to the planner; called from _PG_init. */
extern void tc_many_scan_init(void);

#endif /* TC_MANY_SCAN_H */
