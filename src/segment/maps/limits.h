/*
 * limits.h
 *	  What a map may keep: limits in shared memory, and the budget.
 */
#ifndef TC_LIMITS_H
#define TC_LIMITS_H

#include "segment/memory/ref.h"

typedef struct TcMapLimits
{
	uint64 max_cost;
	uint64 max_idle_us;
} TcMapLimits;

/* For files of the segment floor: a new segment, and a slot's next map. */
extern void tc_limits_create(uint32 number);
extern void tc_limits_init_locked(uint32 number);

/* The limits of a slot, as they are now. */
extern void tc_limits_read(uint16 number, TcMapLimits *limits);

/*
 * The state of a slot's limits: which transaction changed them last, if that
 * may still matter, and how often they have been changed.
 */
typedef struct TcLimitsState
{
	TransactionId by;
	uint32 changes;
} TcLimitsState;

/*
 * For whoever has read a definition: does the slot have other limits?  Then
 * *state is what tc_limits_apply wants back; it does nothing when somebody
 * has changed the limits since, or the slot.
 */
extern bool tc_limits_differ(const TcMapEntry *slot, const TcMapLimits *limits,
							 TcLimitsState *state);
extern void tc_limits_apply(const TcMapEntry *slot, const TcMapLimits *limits,
							const TcLimitsState *state);

/*
 * For a transaction that has just committed a change of a definition: set
 * the limits of the relation's slot, or, where it has none, suspend the
 * relation until everybody can know.
 */
extern void tc_limits_change(Oid database, Oid relation,
							 const TcMapLimits *limits, TransactionId xid);

/* Does a map hold as much as its budget allows, or more? */
extern bool tc_budget_used_up(uint16 number);

/*
 * While a map holds more than its budget, evict its least recently used
 * clean records, at most max; returns how many.  No lock held.
 */
extern int64 tc_budget_enforce(uint16 number, int64 max);

/*
 * Note that a row of the map's table expires at a TimestampTz.  take reads
 * what has been noted and forgets it; PG_INT64_MAX when there is nothing.
 */
extern void tc_row_expiry_note(uint16 number, int64 expires);
extern int64 tc_row_expiry_noted(uint16 number);
extern int64 tc_row_expiry_take(uint16 number);

/*
 * What the last look for expired rows has found: whether the database has
 * tables with such rows, and whether there is more to be deleted.  read is
 * false when it was about another database.
 */
extern void tc_row_expiry_report(Oid database, bool maps, bool more);
extern bool tc_row_expiry_reported(Oid database, bool *maps, bool *more);

#endif /* TC_LIMITS_H */
