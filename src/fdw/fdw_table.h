/*
 * fdw_table.h
 *	  What a foreign table of topcache shows: a map, column by column.
 */
#ifndef TC_FDW_TABLE_H
#define TC_FDW_TABLE_H

#include "fdw/fdw_meta.h"
#include "query/key_match.h"
#include "query/record_columns.h"
#include "table/map.h"

/* What a column of the foreign table shows. */
typedef enum TcForeignKind
{
	TC_FOREIGN_DROPPED,
	TC_FOREIGN_COLUMN, /* a column of the backing table */
	TC_FOREIGN_META	   /* something about the record */
} TcForeignKind;

typedef struct TcForeignColumn
{
	TcForeignKind kind;
	AttrNumber number; /* in the backing table */
	int meta;		   /* a TcMetaKind */
} TcForeignColumn;

typedef struct TcForeignTable
{
	TcMap *map;
	Oid owner; /* of the foreign table */
	int natts;
	TcForeignColumn *column; /* by attribute number less one */
	TcRecordColumns *shown;	 /* of a record, the same */
	bool has_key;			 /* all key columns are shown */
	TcKeyColumns key;
} TcForeignTable;

/*
 * Look at a foreign table and its map, whose relation is locked.  An error
 * where they do not fit, naming the column.
 */
extern TcForeignTable *tc_fdw_table_of(Oid relation);

#endif /* TC_FDW_TABLE_H */
