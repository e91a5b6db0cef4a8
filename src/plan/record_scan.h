/*
 * record_scan.h
 *	  The scan node that reads an attached table from the cache.
 */
#ifndef TC_RECORD_SCAN_H
#define TC_RECORD_SCAN_H

#include "nodes/extensible.h"

/* What custom_private of the plan holds, in this order. */
typedef enum TcRecordScanPrivate
{
	TC_RECORD_SCAN_NKEYS, /* Integer: so many of custom_exprs are the key ... */
	TC_RECORD_SCAN_ARRAY  /* Integer: ... of which this is an array, or -1 */
} TcRecordScanPrivate;

/* Make the state of a node; for the methods of a plan. */
extern Node *tc_record_scan_create_state(CustomScan *plan);

/*
 * Let the scan slots of all such nodes over a relation, given by its Oid, say
 * where in the table their rows are.  Walks over the states of a plan.
 */
extern bool tc_record_scan_locate(PlanState *node, void *relation);

#endif /* TC_RECORD_SCAN_H */
