/*-------------------------------------------------------------------------
 *
 * fdw_statement.c
 *	  Plans and executes statements on the table behind a foreign table.
 *
 * Structure: PostgreSQL rewrites, plans and executes the query that is made
 * of a form (fdw_query.c).
 *
 * All code that a statement leads to runs as the current user: policies,
 * rules, triggers, defaults, checks.  Rights are asked of the user that the
 * form names, who is the owner of a view that the query came through.  Both
 * is as with a view over the table itself.
 *
 * Concurrency: that of the statements.  Who plans one keeps the table locked.
 *
 * Failure: errors are the table's own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/executor.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/datum.h"
#include "utils/snapmgr.h"

#include "base/pg_compat.h"
#include "fdw/fdw_query.h"
#include "fdw/fdw_statement.h"

/* What stands where the text of a statement would. */
#define SOURCE "statement of a foreign table of topcache"

struct TcStatement
{
	TcStatementForm form;
	List *plans;
	int nparams;
	Oid *types; /* of parameters */
};

TcStatement *
tc_fdw_statement_plan(const TcStatementForm *form)
{
	TcStatement *statement = palloc0(sizeof(TcStatement));
	TcFdwQuery made;

	tc_fdw_query_make(form, &made);
	statement->form = *form;
	statement->nparams = made.nparams;
	statement->types = made.types;
	statement->plans =
		pg_plan_queries(pg_rewrite_query(made.query), SOURCE,
						form->operation == CMD_SELECT ? CURSOR_OPT_FAST_PLAN
													  : 0,
						NULL);
	return statement;
}

/* ----- execution ----- */

ParamListInfo
tc_fdw_statement_params(const TcStatement *statement)
{
	ParamListInfo params = makeParamList(statement->nparams);

	for (int i = 0; i < statement->nparams; i++)
	{
		params->params[i].pflags = PARAM_FLAG_CONST;
		params->params[i].ptype = statement->types[i];
		params->params[i].isnull = true;
	}
	return params;
}

QueryDesc *
tc_fdw_statement_open(const TcStatement *statement, Snapshot snapshot,
					  CommandId command, ParamListInfo params)
{
	QueryDesc *query =
		CreateQueryDesc(linitial_node(PlannedStmt, statement->plans), SOURCE,
						snapshot, InvalidSnapshot, None_Receiver, params, NULL,
						0);

	ExecutorStart(query, 0);

	/* rows that this command has changed since are told from others by it */
	query->estate->es_output_cid = command;
	return query;
}

TupleTableSlot *
tc_fdw_statement_next(QueryDesc *query)
{
	MemoryContext caller = MemoryContextSwitchTo(query->estate->es_query_cxt);
	TupleTableSlot *row = ExecProcNode(query->planstate);

	MemoryContextSwitchTo(caller);
	if (TupIsNull(row))
		return NULL;
	slot_getallattrs(row);
	return row;
}

void
tc_fdw_statement_close(QueryDesc *query)
{
	ExecutorFinish(query);
	ExecutorEnd(query);
	FreeQueryDesc(query);
}

/* The row that was written last, to be shown. */
typedef struct Showing
{
	DestReceiver receiver;
	const TcStatementForm *form;
	TupleTableSlot *slot; /* or NULL */
	MemoryContext context;
	Datum *values; /* of the slot; NULL: there is no row */
	bool *nulls;
} Showing;

/* Keep a row.  The slot may still have what parameters point to. */
static bool
keep_row(TupleTableSlot *row, DestReceiver *self)
{
	Showing *showing = (Showing *) self;
	int natts = showing->form->table->natts;
	MemoryContext caller;
	ListCell *cell;

	if (showing->slot == NULL)
		return true;
	caller = MemoryContextSwitchTo(showing->context);
	slot_getallattrs(row);
	showing->values = palloc0(natts * sizeof(Datum));
	showing->nulls = palloc(natts * sizeof(bool));
	memset(showing->nulls, true, natts * sizeof(bool));
	foreach (cell, showing->form->returned)
	{
		int column = foreach_current_index(cell);
		int i = lfirst_int(cell) - 1;
		Form_pg_attribute att =
			TupleDescAttr(showing->slot->tts_tupleDescriptor, i);

		showing->nulls[i] = row->tts_isnull[column];
		if (!showing->nulls[i])
			showing->values[i] =
				datumCopy(row->tts_values[column], att->attbyval, att->attlen);
	}
	MemoryContextSwitchTo(caller);
	return true;
}

/* Show the row that was kept, if one was. */
static void
show_row(const Showing *showing)
{
	TupleTableSlot *slot = showing->slot;
	int natts = showing->form->table->natts;

	if (showing->values == NULL)
		return;
	ExecClearTuple(slot);
	memcpy(slot->tts_values, showing->values, natts * sizeof(Datum));
	memcpy(slot->tts_isnull, showing->nulls, natts * sizeof(bool));
	ExecStoreVirtualTuple(slot);
}

static void
begin_showing(DestReceiver *self, int operation, TupleDesc desc)
{
}

static void
end_showing(DestReceiver *self)
{
}

/* Execute one of the plans that rules have made of the statement. */
static uint64
run_plan(PlannedStmt *plan, ParamListInfo params, DestReceiver *receiver)
{
	QueryDesc *query;
	uint64 rows;

	if (plan->commandType == CMD_UTILITY)
	{
		ProcessUtility(plan, SOURCE, true, PROCESS_UTILITY_QUERY, params, NULL,
					   receiver, NULL);
		return 0;
	}
	query = CreateQueryDesc(plan, SOURCE, GetActiveSnapshot(), InvalidSnapshot,
							receiver, params, NULL, 0);
	ExecutorStart(query, 0);
	tc_executor_run(query);
	rows = query->estate->es_processed;
	tc_fdw_statement_close(query);
	return rows;
}

uint64
tc_fdw_statement_run(const TcStatement *statement, ParamListInfo params,
					 TupleTableSlot *slot)
{
	Showing showing = {{.receiveSlot = keep_row,
						.rStartup = begin_showing,
						.rShutdown = end_showing,
						.rDestroy = end_showing,
						.mydest = DestNone},
					   &statement->form,
					   statement->form.returned != NIL ? slot : NULL,
					   CurrentMemoryContext,
					   NULL,
					   NULL};
	uint64 rows = 0;
	ListCell *cell;

	/* each is a command of its own, as with SPI */
	foreach (cell, statement->plans)
	{
		PlannedStmt *plan = lfirst_node(PlannedStmt, cell);

		CommandCounterIncrement();
		PushActiveSnapshot(GetTransactionSnapshot());
		if (plan->canSetTag)
			rows = run_plan(plan, params, &showing.receiver);
		else
			(void) run_plan(plan, params, None_Receiver);
		PopActiveSnapshot();
	}
	CommandCounterIncrement();
	show_row(&showing);
	return rows;
}
