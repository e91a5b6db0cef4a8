/*
 * evict.h
 *	  Evicting the record that the policy chooses.
 */
#ifndef TC_EVICT_H
#define TC_EVICT_H

#include "segment/stats/removal.h"

/*
 * Evict the clean record whose turn it is, of one map or of all (TC_ANY_MAP).
 * False when there is none.  No lock held.
 */
extern bool tc_evict_one(int map, TcRemovalReason why);

#endif /* TC_EVICT_H */
