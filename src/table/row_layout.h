/*
 * row_layout.h
 *	  The form in which the rows of a table are kept as records.
 *
 * A record's data is the key, by which it is found, then the other columns
 * that are kept: one value column, or all columns of the row.  They are laid
 * out like the columns of a heap tuple: each aligned as its type wants,
 * strings with short headers where they fit, nothing toasted.
 *
 * Equal keys must have equal bytes.  Where a type has one form per value a
 * key column is kept as it is, and not a second time with the row.  Other
 * types (1.0 and 1.00 are one numeric) have a hash there, and the column is
 * kept behind the key as it was written; whoever has found a record by such
 * a key compares the column itself (tc_row_layout_same_key).
 *
 *		key columns, or their hashes
 *		columns of hashed keys
 *		null bitmap over the rest, if the record has nulls
 *		the other columns, those that are null left out
 */
#ifndef TC_ROW_LAYOUT_H
#define TC_ROW_LAYOUT_H

#include "access/attnum.h"
#include "fmgr.h"
#include "utils/relcache.h"

#include "base/key_layout.h"

/* How keys of a type with more than one form per value are told equal. */
typedef struct TcKeyFunctions
{
	FmgrInfo hash; /* of a datum, or with a seed, see extended */
	bool extended; /* hash is the type's 64-bit function */
	FmgrInfo equal;
} TcKeyFunctions;

/* One column of a record. */
typedef struct TcColumn
{
	AttrNumber number; /* in the table */
	NameData name;
	Oid type;
	Oid base_type; /* what a domain is over; type, if it is none */
	int32 typmod;
	Oid collation;
	int16 length;
	bool by_value;
	char align;
	bool packable;			   /* may have a short header */
	TcKeyFunctions *functions; /* of a key column that is kept as a hash */
} TcColumn;

/* The columns of a row, by attribute number less one. */
typedef struct TcRow
{
	const Datum *values;
	const bool *nulls;
} TcRow;

typedef struct TcRowLayout
{
	int nkeys;
	TcColumn *keys;
	int nstored;	  /* columns behind the key ... */
	TcColumn *stored; /* ... hashed key columns first, in key order */
	int nhashed;
	TcColumn *value;	/* the only one of the others; NULL: whole rows */
	int natts;			/* attributes that a row has to have */
	int key_natts;		/* the same for its key and expiry */
	AttrNumber expires; /* column expires_at, or 0 */
	uint32 fingerprint; /* changes with anything of the above */
} TcRowLayout;

/* The columns of a record: those of the key, then the others. */
static inline int
tc_row_layout_ncolumns(const TcRowLayout *layout)
{
	return layout->nkeys + layout->nstored;
}

static inline const TcColumn *
tc_row_layout_column(const TcRowLayout *layout, int i)
{
	return i < layout->nkeys ? &layout->keys[i]
							 : &layout->stored[i - layout->nkeys];
}

/* Which column of the key is a column of the table?  -1: none. */
extern int tc_row_layout_key_column(const TcRowLayout *layout,
									AttrNumber number);

/* Bytes made of values; data is palloc'd unless it fits local. */
typedef struct TcBytes
{
	char *data;
	uint32 length;
	char local[128] pg_attribute_aligned(MAXIMUM_ALIGNOF);
} TcBytes;

/* Take the key columns out of a row; false when one is NULL. */
extern bool tc_row_layout_row_keys(const TcRowLayout *layout, const TcRow *row,
								   Datum *keys);

/* Lay out a key, in the form that records are found by. */
extern void tc_row_layout_form_key(const TcRowLayout *layout, const Datum *keys,
								   TcBytes *bytes);

/* Lay out what is kept of a key without a row. */
extern void tc_row_layout_form_absent(const TcRowLayout *layout,
									  const Datum *keys, TcBytes *bytes);

/*
 * Lay out a whole record; values are detoasted if need be.  True when it has
 * nulls, which whoever reads it must be told.
 */
extern bool tc_row_layout_form_record(const TcRowLayout *layout,
									  const TcRow *row, TcBytes *bytes);

/*
 * The value in a record's data, of a layout with one that is not null; points
 * into the data where passed by reference.  key_bytes is the length of the
 * key that the record was found by.
 */
extern Datum tc_row_layout_value(const TcRowLayout *layout, const char *data,
								 uint32 key_bytes);

/* All columns in a record's data; columns that it has not are null. */
extern void tc_row_layout_columns(const TcRowLayout *layout, const char *data,
								  bool has_nulls, Datum *values, bool *nulls);

/* The key columns in a record's data, which may be that of an absent one. */
extern void tc_row_layout_keys(const TcRowLayout *layout, const char *data,
							   Datum *keys);

/* Is the record that was found by a key's bytes really that key's? */
extern bool tc_row_layout_same_key(const TcRowLayout *layout, const char *data,
								   const Datum *keys);

/* Where the key's part of a record's data ends, for those without catalogs. */
extern void tc_row_layout_key_layout(const TcRowLayout *layout,
									 TcKeyLayout *key_layout);

#endif /* TC_ROW_LAYOUT_H */
