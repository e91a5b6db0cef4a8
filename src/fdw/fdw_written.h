/*
 * fdw_written.h
 *	  Which rows an UPDATE through a foreign table has already changed.
 */
#ifndef TC_FDW_WRITTEN_H
#define TC_FDW_WRITTEN_H

#include "table/row_layout.h"

typedef struct TcWrittenRows TcWrittenRows;

/* None as yet.  They live in the current memory context. */
extern TcWrittenRows *tc_fdw_written_make(const TcRowLayout *layout);

/* Has a row been changed that had this key?  Remember one that has. */
extern bool tc_fdw_written_has(TcWrittenRows *rows, const Datum *keys);
extern void tc_fdw_written_add(TcWrittenRows *rows, const Datum *keys);

#endif /* TC_FDW_WRITTEN_H */
