/*
 * inspect.h
 *	  What is known of one record, other than its value.
 */
#ifndef TC_INSPECT_H
#define TC_INSPECT_H

#include "utils/timestamp.h"

#include "table/map.h"

typedef struct TcRecordInfo
{
	int64 cost;
	int64 bytes; /* of all versions */
	int64 hits;
	bool dirty;
	TimestampTz last_access;
	TimestampTz expires; /* PG_INT64_MAX: never */
} TcRecordInfo;

/*
 * Look at the record of a key; false where none is resident, or where
 * policies might hide its row from the user (InvalidOid: the current one).
 */
extern bool tc_inspect(TcMap *map, Oid user, const Datum *keys,
					   TcRecordInfo *info);

#endif /* TC_INSPECT_H */
