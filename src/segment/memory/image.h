/*
 * image.h
 *	  What goes into the segment and what comes out: probes and images.
 */
#ifndef TC_IMAGE_H
#define TC_IMAGE_H

#include "segment/memory/ref.h"

/* A key that is looked for. */
typedef struct TcProbe
{
	TcMapEntry entry;
	uint32 hash;	 /* of the key's bytes and the entry's salt */
	const char *key; /* a record's data begins with it */
	uint32 key_bytes;
} TcProbe;

/* A version on its way into the segment. */
typedef struct TcImage
{
	const TcProbe *probe;
	const char *data; /* key first; the key alone when negative */
	uint32 data_bytes;
	uint32 cost;
	int64 expires;		/* TimestampTz; INT64_MAX: never */
	TransactionId xmin; /* who wrote it */
	bool committed;		/* xmin is committed and durable */
	bool negative;		/* no row under this key */
	bool never_evicted; /* no table behind it */
	bool nulls;			/* data ends with a null bitmap */
	uint64 warm_us;		/* filled by the warm-up: its recency; else 0 */
} TcImage;

/* A version as it was found. */
typedef struct TcVersion
{
	TransactionId xmin;
	TransactionId ended_by; /* who is deleting it, or invalid */
	uint32 data_bytes;
	uint32 cost;
	int64 expires;
	bool committed;
	bool dirty;
	bool negative;
	bool nulls;
} TcVersion;

#endif /* TC_IMAGE_H */
