/*
 * custom_scan.h
 *	  What our custom scan nodes have alike.
 */
#ifndef TC_CUSTOM_SCAN_H
#define TC_CUSTOM_SCAN_H

#include "nodes/extensible.h"
#include "nodes/pathnodes.h"

/*
 * A path for a scan of a base relation, which needs some outer relations
 * besides its lateral ones.  Costs, and what the path keeps, are to be added.
 */
extern CustomPath *tc_custom_scan_path(PlannerInfo *root, RelOptInfo *rel,
									   Relids outer,
									   const CustomPathMethods *methods);

/* The state of a node, of some size, which begins with a CustomScanState. */
extern Node *tc_custom_scan_state(Size size, const CustomExecMethods *methods);

/* The next row, by way of PostgreSQL's ExecScan. */
extern TupleTableSlot *tc_custom_scan_exec(CustomScanState *node,
										   ExecScanAccessMtd next_row);

#endif /* TC_CUSTOM_SCAN_H */
