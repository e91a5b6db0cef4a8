/*
 * limits.h
 *	  What maps may keep, where every process sees it.
 */
#ifndef TC_LIMITS_H
#define TC_LIMITS_H

#include "segment/memory/ref.h"

typedef struct TcMapLimits
{
	uint64 max_cost;
	uint64 max_idle_us;
} TcMapLimits;

/* For files of the segment floor: a new segment, and a map entry's next map. */
extern void tc_limits_create(uint32 number);
extern void tc_limits_init_locked(uint32 number);

/*
 * The state of a map entry's limits: which transaction changed them last, if
 * that may still matter, and how often they have been changed.
 */
typedef struct TcLimitsState
{
	TransactionId by;
	uint32 changes;
} TcLimitsState;

/*
 * For whoever has read a definition: has the map entry other limits?  Then
 * *state is what tc_limits_apply wants back; it does nothing when somebody
 * has changed the limits since, or the entry.
 */
extern bool tc_limits_differ(const TcMapEntry *entry, const TcMapLimits *limits,
							 TcLimitsState *state);
extern void tc_limits_apply(const TcMapEntry *entry, const TcMapLimits *limits,
							const TcLimitsState *state);

/*
 * For a transaction that has just committed a change of a definition: set
 * the limits of the relation's map entry, or, where it has none, suspend the
 * relation until everybody can know.
 */
extern void tc_limits_change(Oid database, Oid relation,
							 const TcMapLimits *limits, TransactionId xid);

#endif /* TC_LIMITS_H */
