/*
 * fill.h
 *	  Keeps what was read from the table.
 */
#ifndef TC_FILL_H
#define TC_FILL_H

#include "segment/memory/image.h"
#include "table/table_read.h"

/*
 * Store a row, or the absence of one, that was read after write_seq was, if
 * that can be proven to be right.  Returns how many bytes of data were stored,
 * or 0.  With warm_us other than 0 the record was used at that time of the
 * segment's clock, before all that is resident.
 */
extern uint32 tc_fill_row(TcMap *map, const TcProbe *probe,
						  const TcTableRow *row, uint32 write_seq,
						  uint64 warm_us);
extern uint32 tc_fill_absent(TcMap *map, const TcProbe *probe,
							 TcTableReader *reader, const Datum *keys,
							 uint32 write_seq);

#endif /* TC_FILL_H */
