/*-------------------------------------------------------------------------
 *
 * fdw_rights.c
 *	  Who may do what through a foreign table.
 *
 * Structure: rights are asked of the user that a statement's form names, who
 * is the owner of a view that the query came through, and of the foreign
 * table's owner, by PostgreSQL's own check of permissions.
 *
 * Failure: missing rights are errors like the table's own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "nodes/makefuncs.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"

#include "base/pg_compat.h"
#include "fdw/fdw_rights.h"
#include "table/privileges.h"

static Bitmapset *
add_columns(Bitmapset *set, const TcForeignTable *table, List *columns)
{
	ListCell *cell;

	foreach (cell, columns)
		set = bms_add_member(set,
							 table->column[lfirst_int(cell) - 1].number -
								 FirstLowInvalidHeapAttributeNumber);
	return set;
}

void
tc_fdw_rights_ask(const TcStatementForm *form, TcPermissions *permissions)
{
	permissions->requiredPerms = form->rights;
	permissions->checkAsUser = form->user;
	permissions->selectedCols = add_columns(NULL, form->table, form->used);
	if (form->operation == CMD_INSERT)
		permissions->insertedCols =
			add_columns(NULL, form->table, form->columns);
	if (form->operation == CMD_UPDATE)
		permissions->updatedCols =
			add_columns(NULL, form->table, form->columns);
}

/* Has a user the rights that the statement takes? */
static void
check_as(const TcStatementForm *form, Oid user)
{
	const TcMap *map = form->table->map;
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	List *all = NIL;
	TcPermissions *permissions;

	/* who names the table in an option has not been asked yet */
	if (!tc_may_use_schema(map->schema, user))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_SCHEMA,
					   get_namespace_name(map->schema));
	rte->rtekind = RTE_RELATION;
	rte->relid = map->relation;
	rte->relkind = map->relkind;
	permissions = tc_add_permissions(rte, &all);
	tc_fdw_rights_ask(form, permissions);
	permissions->checkAsUser = user;
	tc_check_permissions(list_make1(rte), all);
}

/*
 * What the foreign table shows is its owner's word.  So he may show and write
 * no more than he may himself, whoever it is done for: else he could lead a
 * view of somebody else's, or a job, to any table that its owner may use.
 */
void
tc_fdw_rights_check(const TcStatementForm *form)
{
	Oid owner = form->table->owner;

	check_as(form, form->user);
	if (owner == form->user)
		return;
	check_as(form, owner);

	/* who owns the table can have any policies */
	if (tc_privileges_policies_apply_to(form->table->map, owner) &&
		!tc_owns_relation(form->table->map->relation, owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("policies of table \"%s\" apply to the owner of the "
						"foreign table",
						form->table->map->name)));
}
