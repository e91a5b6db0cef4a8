/*-------------------------------------------------------------------------
 *
 * explain.c
 *	  What EXPLAIN says of nodes that read records.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "utils/ruleutils.h"

#include "query/explain.h"

void
tc_explain_condition(const char *label, Plan *plan, List *conditions,
					 List *ancestors, ExplainState *es)
{
	/* as PostgreSQL does for the conditions of scans and of joins */
	bool scan = ((Scan *) plan)->scanrelid > 0;
	bool prefix = es->verbose || (!scan && list_length(es->rtable) > 1);
	List *context;
	Node *condition;

	if (conditions == NIL)
		return;
	context = set_deparse_context_plan(es->deparse_cxt, plan, ancestors);
	condition = (Node *) make_ands_explicit(conditions);
	ExplainPropertyText(label,
						deparse_expression(condition, context, prefix, false),
						es);
}

void
tc_explain_reads(const TcReader *reader, ExplainState *es)
{
	if (!es->analyze)
		return;
	ExplainPropertyInteger("Cache Hits", NULL, reader->counts.hits, es);
	ExplainPropertyInteger("Cache Misses", NULL, reader->counts.misses, es);
	ExplainPropertyInteger("Cache Bypasses", NULL, reader->counts.bypasses, es);
	if (reader->counts.bypasses > 0)
		ExplainPropertyText("Bypass Reason", tc_bypass_text(reader->bypass),
							es);
}
