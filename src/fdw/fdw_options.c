/*-------------------------------------------------------------------------
 *
 * fdw_options.c
 *	  Checks the options of foreign tables and their columns.
 *
 * Structure: each kind of object has a short list of options; a name that is
 * none of them gets the one it is most like as a hint.
 *
 * Failure: errors of the statement that sets the option.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/reloptions.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_foreign_table.h"
#include "commands/defrem.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/regproc.h"
#include "utils/varlena.h"

#include "base/pg_compat.h"
#include "fdw/fdw_meta.h"
#include "query/table_options.h"

TC_FUNCTION(topcache_fdw_validator);

/* Names that differ by more letters are not alike. */
#define MOST_LETTERS 4

static const char *const table_options[] = {"relation", "volatile", "key",
											"ttl", NULL};
static const char *const column_options[] = {"column_name", "meta", NULL};
static const char *const no_options[] = {NULL};

/* The name that is most like the given one, or NULL. */
static const char *
closest(const char *const *names, const char *name)
{
	const char *best = NULL;
	int best_distance = MOST_LETTERS + 1;

	for (; *names != NULL; names++)
	{
		int distance = varstr_levenshtein_less_equal(name, strlen(name), *names,
													 strlen(*names), 1, 1, 1,
													 MOST_LETTERS, true);

		if (distance < best_distance && distance <= (int) strlen(name) / 2)
		{
			best = *names;
			best_distance = distance;
		}
	}
	return best;
}

static bool
is_among(const char *const *names, const char *name)
{
	for (; *names != NULL; names++)
	{
		if (strcmp(*names, name) == 0)
			return true;
	}
	return false;
}

static void
report_unknown(const char *const *names, const char *name)
{
	const char *like = closest(names, name);
	StringInfoData list;

	if (like != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				 errmsg("invalid option \"%s\"", name),
				 errhint("Perhaps you meant the option \"%s\".", like)));
	if (names[0] == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				 errmsg("invalid option \"%s\"", name),
				 errhint("There are no valid options in this context.")));
	initStringInfo(&list);
	for (int i = 0; names[i] != NULL; i++)
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", names[i]);
	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
			 errmsg("invalid option \"%s\"", name),
			 errhint("Valid options in this context are: %s", list.data)));
}

/* Check an option's value as far as it can be checked alone. */
static void
check_value(DefElem *option)
{
	if (strcmp(option->defname, "volatile") == 0)
		(void) defGetBoolean(option);
	else if (strcmp(option->defname, "relation") == 0)
		(void) tc_qualified_name(defGetString(option));
	else if (strcmp(option->defname, "key") == 0)
		(void) tc_table_options_key(defGetString(option));
	else if (strcmp(option->defname, "ttl") == 0)
		(void) tc_table_options_ttl(defGetString(option));
	else if (strcmp(option->defname, "meta") == 0 &&
			 tc_fdw_meta_kind(defGetString(option)) < 0)
	{
		const char *names[TC_NMETA + 1] = {NULL};
		const char *like;

		for (int i = 0; i < TC_NMETA; i++)
			names[i] = tc_fdw_meta_name(i);
		like = closest(names, defGetString(option));
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 errmsg("invalid value for option \"meta\": \"%s\"",
						defGetString(option)),
				 like != NULL
					 ? errhint("Perhaps you meant \"%s\".", like)
					 : errhint("It is one of cost, bytes, dirty, hits, "
							   "last_access, expires_at and resident.")));
	}
}

/* Check the options of an object of the foreign data wrapper. */
Datum
topcache_fdw_validator(PG_FUNCTION_ARGS)
{
	List *options = untransformRelOptions(PG_GETARG_DATUM(0));
	Oid catalog = PG_GETARG_OID(1);
	const char *const *names = no_options;
	bool is_volatile = false;
	bool has_relation = false;
	const char *volatile_only = NULL;
	ListCell *cell;

	if (catalog == ForeignTableRelationId)
		names = table_options;
	else if (catalog == AttributeRelationId)
		names = column_options;
	foreach (cell, options)
	{
		DefElem *option = lfirst(cell);

		if (!is_among(names, option->defname))
			report_unknown(names, option->defname);
		check_value(option);
		if (strcmp(option->defname, "volatile") == 0)
			is_volatile = defGetBoolean(option);
		else if (strcmp(option->defname, "relation") == 0)
			has_relation = true;
		else
			volatile_only = option->defname;
	}
	if (catalog == ForeignTableRelationId && volatile_only && !is_volatile)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				 errmsg("option \"%s\" is for volatile maps only",
						volatile_only),
				 errhint("The map of a table has the key and the limits that "
						 "the table was attached by.")));
	if (catalog == ForeignTableRelationId && is_volatile == has_relation)
		ereport(ERROR,
				(errcode(is_volatile ? ERRCODE_FDW_INVALID_OPTION_NAME
									 : ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
				 is_volatile
					 ? errmsg("option \"relation\" is not for a volatile map")
					 : errmsg("option \"relation\" is missing"),
				 errhint("A foreign table shows the map of the table that "
						 "option \"relation\" names.")));
	PG_RETURN_VOID();
}
