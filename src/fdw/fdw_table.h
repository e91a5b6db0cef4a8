/*
 * fdw_table.h
 *	  What a foreign table of topcache shows: a map, column by column.
 */
#ifndef TC_FDW_TABLE_H
#define TC_FDW_TABLE_H

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

typedef enum TcMetaKind
{
	TC_META_COST,
	TC_META_BYTES,
	TC_META_DIRTY,
	TC_META_HITS,
	TC_META_LAST_ACCESS,
	TC_META_EXPIRES_AT,
	TC_META_RESIDENT,
	TC_NMETA
} TcMetaKind;

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

/* The names in option "key"; an error where it is no list of names. */
extern List *tc_table_options_key(const char *value);

/* The time in option "ttl"; an error where it is no positive interval. */
extern Interval *tc_table_options_ttl(const char *value);

/* The kind of a name, or -1; and the names. */
extern int tc_fdw_meta_kind(const char *name);
extern Oid tc_fdw_meta_type(int kind);
extern const char *tc_fdw_meta_name(int kind);

/*
 * What a user (InvalidOid: the current one) may know of the record of a key;
 * NULLs where it is not resident.  Sizes tell of every column of the record,
 * and are for those who may read them all.
 */
extern void tc_fdw_meta_values(TcMap *map, Oid user, bool with_sizes,
							   const Datum *keys, Datum *values, bool *nulls);

#endif /* TC_FDW_TABLE_H */
