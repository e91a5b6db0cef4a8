/*
 * suspension.h
 *	  Keeps relations out of the cache while somebody changes them.
 */
#ifndef TC_SUSPENSION_H
#define TC_SUSPENSION_H

/*
 * Cache nothing of a relation until the current transaction has ended and
 * everybody can know what it did; begin anew then.
 */
extern void tc_suspension_begin(Oid relation);
extern bool tc_suspension_is_on(Oid relation);

/* Has a transaction ended, with its invalidation messages sent? */
extern bool tc_suspension_is_over(TransactionId xid);

/*
 * For the background worker: let relations resume whose suspending
 * transactions have ended.
 */
extern void tc_suspension_resume_leftovers(void);

#endif /* TC_SUSPENSION_H */
