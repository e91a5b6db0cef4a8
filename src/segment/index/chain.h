/*
 * chain.h
 *	  The versions of one key.
 *
 *	  entry of the index
 *	    |
 *	    v
 *	  +---------------+ older +---------------+ older +--------------------+
 *	  | xmin 103      |------>| xmin 102      |------>| xmin 97            |
 *	  | dirty         |       | dirty         |       | committed, dirty   |
 *	  | on a list,    |       +---------------+       | until that is on   |
 *	  | in a wheel    |                               | disk, then clean   |
 *	  +---------------+                               +--------------------+
 *	    ^ push puts a version here, pop takes it away
 *
 * The newest version alone is on a list of its shard, and in its map's wheel
 * if it expires.  Nothing is older than a committed version.
 *
 * For files of the segment floor.  The partition of the key is locked,
 * exclusively where something is changed.
 */
#ifndef TC_CHAIN_H
#define TC_CHAIN_H

#include "segment/index/index.h"
#include "segment/memory/image.h"
#include "segment/stats/removal.h"

/* Is the probe's map entry still the map's? */
extern bool tc_chain_is_current_locked(const TcProbe *probe);

/* Find the record of a key. */
extern bool tc_chain_find_locked(TcIndexPlace *place, const TcProbe *probe);

/*
 * The version that xid wrote in a chain of this map, or TC_NO_REF; *above is
 * the version over it, or TC_NO_REF.
 */
extern TcRef tc_chain_find_version_locked(TcRef newest, uint16 map,
										  TransactionId xid, TcRef *above);

/*
 * Steps within a change of the bucket: drop a record; add one whose key has
 * none (false without memory); push a version over "older", which is the newest
 * one or what is below it; pop the newest one.
 */
extern void tc_chain_remove_locked(TcIndexPlace *place);
extern bool tc_chain_add_locked(TcRef ref);
extern void tc_chain_push_locked(TcIndexPlace *place, TcRef ref, TcRef older);
extern void tc_chain_pop_locked(TcIndexPlace *place);

/*
 * Likewise, below the newest version: free one that nothing links to any
 * more; free all that is older than one.
 */
extern void tc_chain_free_locked(TcRef ref);
extern void tc_chain_cut_locked(TcRef ref);

/* Drop a record, as a change of its own. */
extern void tc_chain_drop_locked(TcIndexPlace *place, TcRemovalReason why);

#ifdef USE_ASSERT_CHECKING
/* A key's versions, from the newest on. */
extern void tc_chain_check_locked(TcRef newest);
#else
#define tc_chain_check_locked(newest) ((void) 0)
#endif

#endif /* TC_CHAIN_H */
