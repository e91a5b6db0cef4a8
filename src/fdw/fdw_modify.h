/*
 * fdw_modify.h
 *	  Writes through foreign tables: plans, begins and ends.
 */
#ifndef TC_FDW_MODIFY_H
#define TC_FDW_MODIFY_H

#include "foreign/fdwapi.h"

extern void tc_fdw_modify_routines(FdwRoutine *routine);

#endif /* TC_FDW_MODIFY_H */
