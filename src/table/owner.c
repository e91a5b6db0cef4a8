/*-------------------------------------------------------------------------
 *
 * owner.c
 *	  Works on a table as its owner.
 *
 * Structure: what VACUUM does.  Whoever makes a table can have functions run
 * by those who read or write it, or only plan to: in predicates, expressions,
 * constraints, policies, triggers.  A process of ours is a superuser's, so it
 * becomes the table's owner before it opens anything of the table, in an
 * operation that is restricted: nobody can go back from there to who the
 * session belongs to, nor leave anything that runs after it.  Settings that
 * are made in it end with it, and names are looked up in PostgreSQL's own
 * schema first of all.
 *
 * Concurrency: the lock on the table keeps the owner what he is.
 *
 * Failure: the end of a (sub)transaction by an error undoes the change.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/syscache.h"

#include "table/owner.h"

bool
tc_owner_become(Oid relation, TcOwnerBefore *before)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Oid owner;

	if (!HeapTupleIsValid(tuple))
		return false;
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);

	GetUserIdAndSecContext(&before->user, &before->context);
	SetUserIdAndSecContext(owner,
						   before->context | SECURITY_RESTRICTED_OPERATION);
	before->nest_level = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	return true;
}

void
tc_owner_leave(const TcOwnerBefore *before)
{
	AtEOXact_GUC(false, before->nest_level);
	SetUserIdAndSecContext(before->user, before->context);
}
