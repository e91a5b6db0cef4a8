/*
 * record_scan.h
 *	  The scan node that reads an attached table from the cache.
 */
#ifndef TC_RECORD_SCAN_H
#define TC_RECORD_SCAN_H

#include "nodes/extensible.h"

/* What custom_private of the plan holds, in this order. */
typedef enum TcScanPrivate
{
	TC_SCAN_NKEYS, /* Integer: so many of custom_exprs are the key ... */
	TC_SCAN_ARRAY  /* Integer: ... of which this is an array, or -1 */
} TcScanPrivate;

/* Make the state of a node; for the methods of a plan. */
extern Node *tc_record_scan_create_state(CustomScan *plan);

/* Offer the node to the planner. */
extern void tc_record_scan_init(void);

#endif /* TC_RECORD_SCAN_H */
