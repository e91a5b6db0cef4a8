/*
 * record_scan_plan.h
 *	  Offers the planner to read attached tables from the cache.
 */
#ifndef TC_RECORD_SCAN_PLAN_H
#define TC_RECORD_SCAN_PLAN_H

/* Begin to offer the node; called from _PG_init. */
extern void tc_record_scan_plan_init(void);

#endif /* TC_RECORD_SCAN_PLAN_H */
