/*
 * fdw_import.h
 *	  Foreign tables for the maps of a schema.
 */
#ifndef TC_FDW_IMPORT_H
#define TC_FDW_IMPORT_H

#include "foreign/fdwapi.h"

extern void tc_fdw_import_routines(FdwRoutine *routine);

#endif /* TC_FDW_IMPORT_H */
