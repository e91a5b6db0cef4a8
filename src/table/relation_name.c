/*-------------------------------------------------------------------------
 *
 * relation_name.c
 *	  Names of relations for use in SQL.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "table/relation_name.h"

char *
tc_relation_name(Oid relation)
{
	Oid schema = get_rel_namespace(relation);

	return quote_qualified_identifier(get_namespace_name(schema),
									  get_rel_name(relation));
}
