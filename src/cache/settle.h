/*
 * settle.h
 *	  The end of transactions: what they wrote becomes clean, or goes.
 */
#ifndef TC_SETTLE_H
#define TC_SETTLE_H

#include "segment/memory/image.h"

extern void tc_settle_init(void);

/* Remember that the current transaction put a version into the segment. */
extern void tc_settle_remember(const TcProbe *probe, TransactionId xid);

/*
 * Settle a version that some other transaction wrote, if its fate is known.
 * False while it is running.
 */
extern bool tc_settle_version(uint16 map, uint32 hash, TransactionId xid);

/*
 * For the background worker: settle up to max versions per shard that no
 * callback has reached.  Returns how many dirty records it looked at.
 */
extern int64 tc_settle_leftovers(int max);

#endif /* TC_SETTLE_H */
