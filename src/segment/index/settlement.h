/*
 * settlement.h
 *	  What the end of a transaction does to the versions that it wrote.
 *
 * Every function takes the partition's lock itself; none raises errors or
 * looks at the commit log.
 */
#ifndef TC_SETTLEMENT_H
#define TC_SETTLEMENT_H

#include "segment/memory/image.h"

/*
 * Settle the version that xid wrote.  commit: it becomes the oldest version,
 * and clean when durable says that its commit record is flushed.  abort:
 * it is taken away.  Nothing happens where there is no such version.
 */
extern void tc_settlement_commit(uint16 map, uint32 hash, TransactionId xid,
								 bool durable);
extern void tc_settlement_abort(uint16 map, uint32 hash, TransactionId xid);

/* Take away the version of one key that xid wrote, as if it never had. */
extern void tc_settlement_withdraw(const TcProbe *probe, TransactionId xid);

#endif /* TC_SETTLEMENT_H */
