/*
 * volatile.h
 *	  Writes to maps that have no table behind them.
 */
#ifndef TC_VOLATILE_H
#define TC_VOLATILE_H

#include "cache/read.h"
#include "table/map.h"

/* The record of a key while the caller's transaction owns it. */
typedef struct TcOwned
{
	TcMap *map;
	const Datum *keys;
	TcValue old; /* what the key had before this operation */
	TimestampTz old_expires;
	bool placeholder; /* owned by this operation only */
} TcOwned;

/*
 * Own a key: wait until no other transaction has an uncommitted write of it,
 * as an UPDATE of one row waits, and make others wait from now on.  To be
 * followed by exactly one of store or release.
 */
extern void tc_volatile_own(TcMap *map, const Datum *keys, TcOwned *owned);
extern void tc_volatile_store(TcOwned *owned, Datum value, bool isnull,
							  TimestampTz expires);
extern void tc_volatile_release(TcOwned *owned);

/* The same with a whole row, which has the key; or with what is there. */
extern void tc_volatile_store_row(TcOwned *owned, const TcRow *row,
								  TimestampTz expires);
extern void tc_volatile_store_again(TcOwned *owned, TimestampTz expires);

/*
 * Remove the record of a key, waiting in the same way; true when there was
 * one.
 */
extern bool tc_volatile_remove(TcMap *map, const Datum *keys);

#endif /* TC_VOLATILE_H */
