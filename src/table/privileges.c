/*-------------------------------------------------------------------------
 *
 * privileges.c
 *	  Who may read and write the records of a map.
 *
 * Structure: as a SELECT or an INSERT asks.  A map remembers who passed the
 * last check, until what a backend knows of the map or of roles changes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/objectaddress.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"

#include "base/pg_compat.h"
#include "table/privileges.h"

/* Is SELECT granted on every column that a record has? */
static bool
columns_readable(const TcMap *map, Oid user)
{
	const TcRowLayout *layout = &map->layout;

	if (pg_class_aclcheck(map->relation, user, ACL_SELECT) == ACLCHECK_OK)
		return true;

	/* without them there is no record to be read */
	if (layout->natts == 0)
		return false;
	for (int i = 0; i < tc_row_layout_ncolumns(layout); i++)
	{
		AttrNumber number = tc_row_layout_column(layout, i)->number;

		if (pg_attribute_aclcheck(map->relation, number, user, ACL_SELECT) !=
			ACLCHECK_OK)
			return false;
	}
	return true;
}

bool
tc_privileges_record_readable(const TcMap *map, Oid user)
{
	return tc_may_use_schema(map->schema, user) && columns_readable(map, user);
}

bool
tc_privileges_key_readable(const TcMap *map)
{
	Oid user = GetUserId();

	if (!tc_may_use_schema(map->schema, user))
		return false;
	if (pg_class_aclcheck(map->relation, user, ACL_SELECT) == ACLCHECK_OK)
		return true;
	for (int i = 0; i < map->layout.nkeys; i++)
	{
		if (pg_attribute_aclcheck(map->relation, map->layout.keys[i].number,
								  user, ACL_SELECT) != ACLCHECK_OK)
			return false;
	}
	return map->layout.natts > 0;
}

void
tc_privileges_check_select(TcMap *map)
{
	Oid user = GetUserId();

	if (map->readable_by == user)
		return;

	/* who names the relation by its number has not been asked yet */
	if (!tc_may_use_schema(map->schema, user))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_SCHEMA,
					   get_namespace_name(map->schema));
	if (!columns_readable(map, user))
		aclcheck_error(ACLCHECK_NO_PRIV, get_relkind_objtype(map->relkind),
					   map->name);
	map->readable_by = user;
}

bool
tc_privileges_may_put(TcMap *map)
{
	Oid user = GetUserId();

	if (map->puttable_by == user)
		return true;
	if (!tc_may_use_schema(map->schema, user) ||
		pg_class_aclmask(map->relation, user, TC_PUT_MODE, ACLMASK_ALL) !=
			TC_PUT_MODE)
		return false;
	map->puttable_by = user;
	return true;
}

bool
tc_privileges_policies_apply_to(const TcMap *map, Oid user)
{
	return map->row_security &&
		check_enable_rls(map->relation, user, false) == RLS_ENABLED;
}
