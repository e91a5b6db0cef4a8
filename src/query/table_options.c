/*-------------------------------------------------------------------------
 *
 * table_options.c
 *	  Values of the options of a foreign table that is a volatile map.
 *
 * Failure: a value that means nothing is an error of whoever set it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/varlena.h"

#include "query/table_options.h"
#include "table/map_definition.h"

List *
tc_table_options_key(const char *value)
{
	List *names = NIL;

	if (!SplitIdentifierString(pstrdup(value), ',', &names) || names == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 errmsg("invalid value for option \"key\": \"%s\"", value),
				 errhint("It is a list of column names, separated by "
						 "commas.")));
	return names;
}

Interval *
tc_table_options_ttl(const char *value)
{
	Interval *ttl = DatumGetIntervalP(
		DirectFunctionCall3(interval_in, CStringGetDatum(value),
							ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));

	if (tc_map_definition_interval_us(ttl) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 errmsg("invalid value for option \"ttl\": \"%s\"", value),
				 errhint("It is a positive interval.")));
	return ttl;
}
