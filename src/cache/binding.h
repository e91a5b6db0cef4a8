/*
 * binding.h
 *	  Connects a map with its place in the segment.
 */
#ifndef TC_BINDING_H
#define TC_BINDING_H

#include "segment/memory/image.h"
#include "table/map.h"

/*
 * Make sure that the map has a slot that is current.  False when the map
 * can't be cached now: no segment, suspended, or no slot to be had.
 */
extern bool tc_binding_acquire(TcMap *map);

/* The same for a map that has no heap to turn to: an error when it can't be. */
extern void tc_binding_require(TcMap *map);

/* Are there records of the relation that do not fit what the map is now? */
extern bool tc_binding_records_outdated(const TcMap *map);

/* The slot of a map that is bound. */
extern const TcMapEntry *tc_binding_entry(const TcMap *map);

/* Look for a key, given by its bytes, in a bound map. */
extern void tc_binding_probe(TcProbe *probe, const TcMap *map,
							 const TcBytes *key);

/*
 * Cache nothing of a relation until the current transaction has ended and
 * everybody can know what it did; begin anew then.
 */
extern void tc_suspension_begin(Oid relation);
extern bool tc_suspension_is_on(Oid relation);

/* Has a transaction ended, with its invalidation messages sent? */
extern bool tc_suspension_is_over(TransactionId xid);

/*
 * Drop what is cached of a relation, for a writer that can't bring its
 * records up to date.  Whoever caches it again reads the heap after this.
 */
extern void tc_forget_records(Oid relation);

/*
 * A map's relation, or a database, is being dropped: what is known of it goes
 * when the transaction commits, and not before.
 */
extern void tc_forget_relation_at_commit(Oid relation, bool is_volatile);
extern void tc_forget_database_at_commit(Oid database);
/*
 * For the background worker: let relations resume whose suspending
 * transactions have ended.
 */
extern void tc_suspension_resume_leftovers(void);
extern void tc_binding_init(void);

#endif /* TC_BINDING_H */
