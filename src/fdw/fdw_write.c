/*-------------------------------------------------------------------------
 *
 * fdw_write.c
 *	  Writes rows through a foreign table.
 *
 * Structure: a row's old key and its new columns become parameters of the
 * statement that was planned when the writing began; the table's triggers and
 * constraints are met as in the user's own statement, and the row trigger
 * brings the cache up to date.  Records are installed as by a put.
 *
 * Concurrency: a row that is to be updated or deleted was locked by the scan
 * that found it.
 *
 * Failure: errors are those of the statements.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/executor.h"
#include "utils/rel.h"

#include "cache/write.h"
#include "fdw/fdw_volatile.h"
#include "fdw/fdw_write.h"

/* Rows that one statement inserts, and the parameters that one may have. */
#define BATCH_ROWS	   100
#define MAX_PARAMETERS 65535

/* A statement and what it is executed with. */
typedef struct Execution
{
	const TcStatement *statement;
	ParamListInfo params;
	TupleTableSlot *slot;
} Execution;

TcStatement *
tc_fdw_write_plan(TcFdwWrite *work, int rows)
{
	MemoryContext caller = MemoryContextSwitchTo(work->context);
	TcStatement *statement;

	work->form.rows = rows;
	statement = tc_fdw_statement_plan(&work->form);
	MemoryContextSwitchTo(caller);
	return statement;
}

/* The key of the row as it was. */
static void
take_old_key(const TcFdwWrite *work, TupleTableSlot *scanned, Datum *keys)
{
	for (int k = 0;
		 work->form.operation != CMD_INSERT && k < work->table->key.n; k++)
	{
		bool isnull;

		keys[k] = ExecGetJunkAttribute(scanned, work->old_key[k], &isnull);
		if (isnull)
			elog(ERROR, "the key of a row of map \"%s\" is null",
				 work->table->map->name);
	}
}

/* Put that key among the parameters; returns how many. */
static int
bind_old_key(const TcFdwWrite *work, const Datum *keys, ParamListInfo params)
{
	if (work->form.operation == CMD_INSERT)
		return 0;
	for (int k = 0; k < work->table->key.n; k++)
	{
		params->params[k].value = keys[k];
		params->params[k].isnull = false;
	}
	return work->table->key.n;
}

/* Put the columns that are set among the parameters, from the n-th on. */
static void
bind_columns(const TcFdwWrite *work, TupleTableSlot *slot, ParamListInfo params,
			 int n)
{
	ListCell *cell;

	foreach (cell, work->form.columns)
	{
		ParamExternData *param = &params->params[n++];

		param->value = slot_getattr(slot, lfirst_int(cell), &param->isnull);
	}
}

static uint64
run_statement(void *arg)
{
	const Execution *execution = arg;

	return tc_fdw_statement_run(execution->statement, execution->params,
								execution->slot);
}

/* Execute a statement; returns how many rows it wrote. */
static uint64
execute(const TcFdwWrite *work, const TcStatement *statement,
		ParamListInfo params, TupleTableSlot *slot)
{
	Execution execution = {statement, params, slot};

	return tc_write_run_put(work->table->map->relation, run_statement,
							&execution, NULL);
}

/* Write one row of a volatile map; false when nothing was done. */
static bool
write_volatile(EState *estate, ResultRelInfo *info, TupleTableSlot *slot,
			   const Datum *keys)
{
	const TcFdwWrite *work = info->ri_FdwState;

	/* no table behind it will */
	if (work->form.operation != CMD_DELETE &&
		RelationGetDescr(info->ri_RelationDesc)->constr != NULL)
		ExecConstraints(info, slot, estate);
	return tc_fdw_volatile_write(work->table, work->form.operation,
								 work->form.do_nothing, keys, slot);
}

/* Write one row of a durable map; false when nothing was done. */
static bool
write_durable(EState *estate, ResultRelInfo *info, TupleTableSlot *slot,
			  const Datum *keys)
{
	const TcFdwWrite *work = info->ri_FdwState;
	MemoryContext caller =
		MemoryContextSwitchTo(GetPerTupleMemoryContext(estate));
	ParamListInfo params = tc_fdw_statement_params(work->one);
	bool written;

	bind_columns(work, slot, params, bind_old_key(work, keys, params));
	written = execute(work, work->one, params, slot) > 0;
	MemoryContextSwitchTo(caller);
	return written;
}

TupleTableSlot *
tc_fdw_write_one(EState *estate, ResultRelInfo *info, TupleTableSlot *slot,
				 TupleTableSlot *scanned)
{
	const TcFdwWrite *work = info->ri_FdwState;
	Datum keys[INDEX_MAX_KEYS];
	bool written;

	take_old_key(work, scanned, keys);
	if (work->written != NULL && tc_fdw_written_has(work->written, keys))
		return NULL;
	written = work->table->map->def.durable
		? write_durable(estate, info, slot, keys)
		: write_volatile(estate, info, slot, keys);
	if (written && work->written != NULL)
		tc_fdw_written_add(work->written, keys);
	return written ? slot : NULL;
}

TupleTableSlot **
tc_fdw_write_batch(EState *estate, ResultRelInfo *info, TupleTableSlot **slots,
				   TupleTableSlot **planned, int *nslots)
{
	TcFdwWrite *work = info->ri_FdwState;
	MemoryContext caller;
	ParamListInfo params;
	uint64 rows;
	int done = 0;

	if (*nslots < work->batch_rows)
	{
		for (int i = 0; i < *nslots; i++)
		{
			/* the slots are the executor's, and nobody looks at them again */
			if (tc_fdw_write_one(estate, info, slots[i], NULL) != NULL)
				done++;
		}
		*nslots = done;
		return slots;
	}
	if (work->batch == NULL)
		work->batch = tc_fdw_write_plan(work, work->batch_rows);
	caller = MemoryContextSwitchTo(GetPerTupleMemoryContext(estate));
	params = tc_fdw_statement_params(work->batch);
	for (int i = 0; i < *nslots; i++)
		bind_columns(work, slots[i], params,
					 i * list_length(work->form.columns));
	rows = execute(work, work->batch, params, NULL);
	Assert(rows <= *nslots);
	*nslots = Min(rows, *nslots);
	MemoryContextSwitchTo(caller);
	return slots;
}

int
tc_fdw_write_batch_size(ResultRelInfo *info)
{
	TcFdwWrite *work = info->ri_FdwState;
	TriggerDesc *triggers = info->ri_TrigDesc;
	int columns = work != NULL ? list_length(work->form.columns) : 0;

	if (columns == 0 || !work->table->map->def.durable ||
		work->backing->rd_rules != NULL || info->ri_projectReturning != NULL ||
		info->ri_WithCheckOptions != NIL ||
		(triggers != NULL &&
		 (triggers->trig_insert_before_row || triggers->trig_insert_after_row)))
		return 1;
	work->batch_rows = Min(BATCH_ROWS, MAX_PARAMETERS / columns);
	return work->batch_rows;
}
