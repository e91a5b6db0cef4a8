/*-------------------------------------------------------------------------
 *
 * arg.c
 *	  Checks arguments of SQL functions.
 *
 * Structure: what several functions ask of their arguments alike.  Keys and
 * values have files of their own.
 *
 * Failure: errors are those that PostgreSQL's own functions would raise.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

#include "base/pg_compat.h"
#include "query/arg.h"

TcMap *
tc_arg_map_to_write(FunctionCallInfo fcinfo, AclMode mode)
{
	TcMap *map;

	tc_arg_require(fcinfo, 0, "relation");
	map = tc_map_require(PG_GETARG_OID(0));

	/* a table answers for itself, and wants SELECT where it tells what was */
	if (!map->def.durable)
	{
		if (pg_class_aclmask(map->relation, GetUserId(), mode, ACLMASK_ALL) !=
			mode)
			aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FOREIGN_TABLE, map->name);
		LockRelationOid(map->relation, RowExclusiveLock);
	}
	return map;
}

void
tc_arg_report_no_expiry(const TcMap *map)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("records of map \"%s\" have no time to live of their own",
					map->name),
			 errdetail("Its table has no column for it.")));
}

TimestampTz
tc_arg_expires(FunctionCallInfo fcinfo, int argno, const TcMap *map)
{
	Interval *ttl = map->def.ttl;
	TimestampTz now = GetCurrentStatementStartTimestamp();
	TimestampTz expires;

	if (argno < PG_NARGS() && !PG_ARGISNULL(argno))
		ttl = PG_GETARG_INTERVAL_P(argno);
	if (ttl == NULL)
		return PG_INT64_MAX;
	if (map->def.durable && map->layout.expires == 0)
	{
		if (argno >= PG_NARGS() || PG_ARGISNULL(argno))
			return PG_INT64_MAX;
		tc_arg_report_no_expiry(map);
	}
	expires = DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval,
													  TimestampTzGetDatum(now),
													  IntervalPGetDatum(ttl)));
	if (expires <= now)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time to live must be positive")));
	return expires;
}

void
tc_arg_require(FunctionCallInfo fcinfo, int argno, const char *name)
{
	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not be null", name)));
}

void
tc_arg_require_owner(Oid relation)
{
	if (!tc_owns_relation(relation, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER,
					   get_relkind_objtype(get_rel_relkind(relation)),
					   get_rel_name(relation));
}
