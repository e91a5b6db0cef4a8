/*
 * fdw_scan.h
 *	  Executes scans of foreign tables.
 */
#ifndef TC_FDW_SCAN_H
#define TC_FDW_SCAN_H

#include "foreign/fdwapi.h"

extern void tc_fdw_scan_routines(FdwRoutine *routine);

#endif /* TC_FDW_SCAN_H */
