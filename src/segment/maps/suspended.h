/*
 * suspended.h
 *	  Relations that nothing is cached of while somebody changes them.
 */
#ifndef TC_SUSPENDED_H
#define TC_SUSPENDED_H

#include "segment/memory/ref.h"

/*
 * End the caching of a relation as it is; nothing of it is cached again until
 * it is removed here with the same transaction id.
 */
extern void tc_suspended_add(Oid database, Oid relation, TransactionId xid);
extern void tc_suspended_remove(Oid database, Oid relation, TransactionId xid);

/*
 * The transactions that suspend a relation, TC_SUSPENDERS at most; returns
 * how many there are.
 */
extern int tc_suspended_by(Oid database, Oid relation, TransactionId *xids);

/* Relations that are suspended, with one of the transactions of each. */
typedef struct TcSuspended
{
	Oid database;
	Oid relation;
	TransactionId xid;
} TcSuspended;

extern int tc_suspended_list(TcSuspended *list, int max);

#endif /* TC_SUSPENDED_H */
