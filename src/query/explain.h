/*
 * explain.h
 *	  What EXPLAIN says of nodes that read records.
 */
#ifndef TC_EXPLAIN_H
#define TC_EXPLAIN_H

#include "commands/explain.h"
#include "nodes/execnodes.h"

#include "base/pg_compat.h"
#include "cache/read.h"

/* Conditions of a plan node, which refer to its scan tuple; none: nothing. */
extern void tc_explain_condition(const char *label, Plan *plan,
								 List *conditions, List *ancestors,
								 ExplainState *es);

/* With ANALYZE, how a reader's reads were answered. */
extern void tc_explain_reads(const TcReader *reader, ExplainState *es);

#endif /* TC_EXPLAIN_H */
