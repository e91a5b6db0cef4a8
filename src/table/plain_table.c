/*-------------------------------------------------------------------------
 *
 * plain_table.c
 *	  Tables to which a put does no more than to write a row.
 *
 * Structure: a table is plain that has no triggers but ours, no constraints,
 * rules, policies or defaults, and no columns of which its map knows nothing.
 * What a put without a statement needs is told in table_update.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "utils/rel.h"

#include "table/guard.h"
#include "table/plain_table.h"

/*
 * Are the columns those of the map, which a statement sets to what it is
 * given?
 */
static bool
has_plain_columns(Relation rel, const TcRowLayout *layout)
{
	TupleDesc desc = RelationGetDescr(rel);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (att->attisdropped)
			continue;
		if ((tc_row_layout_key_column(layout, att->attnum) < 0 &&
			 att->attnum != layout->value->number &&
			 att->attnum != layout->expires) ||
			att->attgenerated != '\0' || att->attidentity != '\0')
			return false;
	}

	/* a domain may have constraints, a length or precision is to be enforced */
	return layout->value->type == layout->value->base_type &&
		layout->value->typmod == -1 &&
		(layout->expires == 0 ||
		 TupleDescAttr(desc, layout->expires - 1)->atttypmod == -1);
}

/*
 * Is the key of a row that was found the one that was looked for, and right
 * as it is?  Not where a type has several forms of one value, and the checks
 * of a domain may be younger than the row.
 */
static bool
has_plain_key(const TcRowLayout *layout)
{
	for (int i = 0; i < layout->nkeys; i++)
	{
		if (layout->keys[i].type != layout->keys[i].base_type)
			return false;
	}
	return layout->nhashed == 0;
}

bool
tc_plain_table(Relation rel, const TcRowLayout *layout)
{
	const TupleConstr *constraints = RelationGetDescr(rel)->constr;

	return layout->value != NULL && rel->rd_rel->relkind == RELKIND_RELATION &&
		!rel->rd_rel->relispartition && !rel->rd_rel->relrowsecurity &&
		!RelationIsUsedAsCatalogTable(rel) && rel->rd_rules == NULL &&
		tc_guard_alone(rel) &&
		(constraints == NULL || constraints->num_check == 0) &&
		has_plain_key(layout) && has_plain_columns(rel, layout);
}
