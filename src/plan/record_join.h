/*
 * record_join.h
 *	  The join node that looks records up for many outer rows at a time.
 */
#ifndef TC_RECORD_JOIN_H
#define TC_RECORD_JOIN_H

#include "nodes/extensible.h"

/* What custom_private of the plan holds, in this order. */
typedef enum TcRecordJoinPrivate
{
	TC_RECORD_JOIN_RELATION, /* OidList: the table that is looked into */
	TC_RECORD_JOIN_TYPE,	 /* Integer: a JoinType */
	TC_RECORD_JOIN_COLUMNS,	 /* IntList: of the table, behind the outer row's */
	TC_RECORD_JOIN_AHEAD /* Boolean: more outer rows than one may be taken */
} TcRecordJoinPrivate;

/* What custom_exprs of the plan holds: lists. */
typedef enum TcRecordJoinExprs
{
	TC_RECORD_JOIN_KEY,		  /* a value for each key column */
	TC_RECORD_JOIN_CONDITION, /* the conditions that say so, to be shown */
	TC_RECORD_JOIN_MATCH,	  /* further conditions of an outer join's match */
	TC_RECORD_JOIN_BOUND /* numbers whose sum is all that a LIMIT asks for */
} TcRecordJoinExprs;

/* Make the state of a node; for the methods of a plan. */
extern Node *tc_record_join_create_state(CustomScan *plan);

#endif /* TC_RECORD_JOIN_H */
