/*
 * fdw_meta.h
 *	  What a column of a foreign table can show about a record.
 */
#ifndef TC_FDW_META_H
#define TC_FDW_META_H

#include "table/map.h"

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

#endif /* TC_FDW_META_H */
