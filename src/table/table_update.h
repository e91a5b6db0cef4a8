/*
 * table_update.h
 *	  Gives a row that is there another value, without a statement.
 */
#ifndef TC_TABLE_UPDATE_H
#define TC_TABLE_UPDATE_H

#include "table/map.h"

/*
 * In a plain map, give the row of a key the value and time of expiry in
 * new_row, as INSERT ... ON CONFLICT DO UPDATE would, in the caller's
 * transaction and as the calling user.  False when nothing was done, because
 * there is no such row or it takes more than this function knows of: run the
 * statement then.  The cache has not been told; *newest says whether the row
 * still is as it was written here.
 *
 * Takes RowExclusiveLock on the table and keeps it, and waits for whoever is
 * changing the row.  Errors are those of an UPDATE.
 */
extern bool tc_table_update(TcMap *map, const Datum *keys, const TcRow *new_row,
							bool *newest);

#endif /* TC_TABLE_UPDATE_H */
