/*
 * owner.h
 *	  Works on a table as its owner.
 */
#ifndef TC_OWNER_H
#define TC_OWNER_H

/* Who somebody was before. */
typedef struct TcOwnerBefore
{
	Oid user;
	int context;
	int nest_level; /* of settings */
} TcOwnerBefore;

/*
 * Become the owner of a relation; false when there is no such relation.  The
 * caller has a lock on it, if it is a user's, and has opened nothing of it.
 */
extern bool tc_owner_become(Oid relation, TcOwnerBefore *before);

/* Become again who one was. */
extern void tc_owner_leave(const TcOwnerBefore *before);

#endif /* TC_OWNER_H */
