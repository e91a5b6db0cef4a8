/*-------------------------------------------------------------------------
 *
 * extension.c
 *	  Whether the extension is installed in this database, and where.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "commands/extension.h"

#include "table/extension.h"

/*
 * What we read of tables in the schema we take for what it says, so that the
 * name is not enough: whoever may make schemas can have one of that name where
 * the extension is not installed.
 */
Oid
tc_extension_schema(void)
{
	static Oid known = InvalidOid;
	Oid schema = get_namespace_oid("topcache", true);
	Oid extension;

	if (!OidIsValid(schema) || schema == known)
		return schema;
	extension = get_extension_oid("topcache", true);
	if (!OidIsValid(extension) ||
		getExtensionOfObject(NamespaceRelationId, schema) != extension)
		return InvalidOid;
	known = schema;
	return schema;
}
