/*
 * budget.h
 *	  Keeps maps within their max_cost.
 */
#ifndef TC_BUDGET_H
#define TC_BUDGET_H

/* Does a map hold as much as its max_cost allows, or more? */
extern bool tc_budget_used_up(uint16 number);

/*
 * While a map holds more than its max_cost, evict clean records of it in the
 * policy's order, at most max; returns how many.  No lock held.
 */
extern int64 tc_budget_enforce(uint16 number, int64 max);

#endif /* TC_BUDGET_H */
