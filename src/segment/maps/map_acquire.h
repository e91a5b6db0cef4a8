/*
 * map_acquire.h
 *	  Gives a map its entry when it is first used.
 */
#ifndef TC_MAP_ACQUIRE_H
#define TC_MAP_ACQUIRE_H

#include "base/key_layout.h"
#include "segment/memory/ref.h"

/*
 * The entry of a map as it is now, made if need be.  An older incarnation of
 * the relation is retired.  False when there is no entry or memory to be had,
 * or the relation is suspended; then *suspended_by says by which transaction.
 */
extern bool tc_map_acquire(const TcMapIdentity *identity,
						   const TcKeyLayout *layout, TcMapEntry *entry,
						   TransactionId *suspended_by);

#endif /* TC_MAP_ACQUIRE_H */
