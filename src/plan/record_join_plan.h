/*
 * record_join_plan.h
 *	  Offers the planner to join attached tables by looking their records up.
 */
#ifndef TC_RECORD_JOIN_PLAN_H
#define TC_RECORD_JOIN_PLAN_H

/* Begin to offer the node; called from _PG_init. */
extern void tc_record_join_plan_init(void);

#endif /* TC_RECORD_JOIN_PLAN_H */
