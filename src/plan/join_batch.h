/*
 * join_batch.h
 *	  How many outer rows a join takes at a time.
 */
#ifndef TC_JOIN_BATCH_H
#define TC_JOIN_BATCH_H

#include "nodes/execnodes.h"
#include "nodes/pathnodes.h"

/* Most outer rows that are taken together. */
#define TC_JOIN_BATCH_MOST 64

/* The batches of one node. */
typedef struct TcJoinBatch
{
	PlanState *node;
	bool grows; /* a batch may have more than one row */
	int size;	/* rows that the next may have, as far as the last says */
	int wanted; /* rows that the one at hand is to have */
	int nrows;	/* rows that it has */

	/* what is known to be wanted */
	const struct TcJoinBatch *above; /* of a join that takes the rows */
	List *bound;					 /* of ExprState */
	int64 given;					 /* rows of the join, by now */
	int64 limit;	 /* so many are wanted; 0: not known, -1: nor evaluated */
	uint64 run;		 /* number of the executor's run ... */
	int64 run_limit; /* ... and the same for that */
} TcJoinBatch;

/* ----- planning ----- */

/* May rows of the outer side be taken that nobody asks for in the end? */
extern bool tc_join_batch_may_grow(PlannerInfo *root, RelOptInfo *outer);

/* Numbers whose sum is all that the query's LIMIT, or its use, asks for. */
extern List *tc_join_batch_bound(const PlannerInfo *root);

/* ----- execution ----- */

/* Start a node; bound has the ExprState of each number. */
extern void tc_join_batch_start(TcJoinBatch *batch, PlanState *node, bool grows,
								List *bound);

/* The executor may have been run anew since the last row. */
extern void tc_join_batch_note_run(TcJoinBatch *batch);

/* Begin the next batch: it has no rows, and wants some. */
extern void tc_join_batch_next(TcJoinBatch *batch);

/* Start again, for a rescan. */
extern void tc_join_batch_reset(TcJoinBatch *batch);

/* Begin to watch how many rows the executor is run for. */
extern void tc_join_batch_init(void);

#endif /* TC_JOIN_BATCH_H */
