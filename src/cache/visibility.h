/*
 * visibility.h
 *	  Which versions a snapshot sees.
 */
#ifndef TC_VISIBILITY_H
#define TC_VISIBILITY_H

#include "utils/snapshot.h"

#include "segment/memory/image.h"

/*
 * Does the snapshot see this version of a record, as HeapTupleSatisfiesMVCC
 * would say of a tuple by another transaction?  May look at the commit log,
 * so it may raise an error and must not be called under a lock of ours.
 */
extern bool tc_visibility_sees(const TcVersion *version, Snapshot snapshot);

/* The same for a volatile record: the last committed, or our own. */
extern bool tc_visibility_current(const TcVersion *version);

/* Has such a version been deleted, by a committed transaction or our own? */
extern bool tc_visibility_ended(const TcVersion *version);

/* The fate of a transaction that wrote a version. */
typedef enum TcFate
{
	TC_FATE_RUNNING, /* in progress, or prepared */
	TC_FATE_ABORTED,
	TC_FATE_COMMITTED, /* and its commit record may be lost yet */
	TC_FATE_DURABLE	   /* committed for good */
} TcFate;

extern TcFate tc_visibility_fate(TransactionId xid);

#endif /* TC_VISIBILITY_H */
