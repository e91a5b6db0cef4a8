/*-------------------------------------------------------------------------
 *
 * map_arguments.c
 *	  Arguments of the SQL functions that make, change and end maps.
 *
 * Failure: limits that mean nothing, and relations of others, are errors.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "storage/lmgr.h"
#include "utils/timestamp.h"

#include "ddl/map_arguments.h"
#include "query/arg.h"
#include "table/map.h"

static void
refuse_limit(const char *name, bool zero_too)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 zero_too ? errmsg("\"%s\" must be positive", name)
					  : errmsg("\"%s\" must not be negative", name)));
}

/* Take an interval, if one is given. */
static void
take_interval(FunctionCallInfo fcinfo, int argno, const char *name,
			  bool removable, Interval **limit)
{
	Interval *interval;
	bool is_zero;

	if (PG_ARGISNULL(argno))
		return;
	interval = PG_GETARG_INTERVAL_P(argno);
	is_zero = interval->month == 0 && interval->day == 0 && interval->time == 0;
	if (interval->month < 0 || interval->day < 0 || interval->time < 0 ||
		(is_zero && !removable))
		refuse_limit(name, !removable);
	*limit = is_zero ? NULL : interval;
}

void
tc_map_arguments_limits(FunctionCallInfo fcinfo, int argno, bool removable,
						TcMapDefinition *def)
{
	take_interval(fcinfo, argno, "ttl", removable, &def->ttl);
	take_interval(fcinfo, argno + 1, "max_idle", removable, &def->max_idle);
	if (PG_ARGISNULL(argno + 2))
		return;
	def->max_cost = PG_GETARG_INT64(argno + 2);
	if (def->max_cost < 0 || (def->max_cost == 0 && !removable))
		refuse_limit("max_cost", !removable);
	if (def->max_cost == 0)
		def->max_cost = -1;
}

void
tc_map_arguments_init(TcMapDefinition *def, Oid relation)
{
	memset(def, 0, sizeof(TcMapDefinition));
	def->relation = relation;
	def->max_cost = -1;
	def->durable = true;
}

Oid
tc_map_arguments_relation(FunctionCallInfo fcinfo, LOCKMODE lock)
{
	Oid relation;

	tc_arg_require(fcinfo, 0, "relation");
	relation = PG_GETARG_OID(0);

	/* before the lock too: who may not must not make others wait */
	tc_arg_require_owner(relation);
	LockRelationOid(relation, lock);
	tc_arg_require_owner(relation);
	return relation;
}

void
tc_map_arguments_definition(FunctionCallInfo fcinfo, LOCKMODE lock,
							TcMapDefinition *def)
{
	Oid relation = tc_map_arguments_relation(fcinfo, lock);

	(void) tc_map_require_defined(relation);
	if (!tc_map_definition_read(relation, def))
		elog(ERROR, "definition of map %u has vanished", relation);
}
