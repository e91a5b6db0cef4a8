/*
 * ref.h
 *	  Words that the segment shares with the floors above it.
 *
 * Opaque to them: a TcRef is only handed back.
 */
#ifndef TC_REF_H
#define TC_REF_H

/* Address in the arena, in units of 8 bytes; 0 is none. */
typedef uint32 TcRef;

#define TC_NO_REF	  ((TcRef) 0)
#define TC_UNIT_BYTES 8

/* Recency and dirty lists per map, so that accesses to one map do not wait. */
#define TC_SHARDS 8

/* Any map, where the number of one is asked for. */
#define TC_ANY_MAP (-1)

/* A limit of a map that it does not have. */
#define TC_NO_LIMIT PG_UINT64_MAX

/* Transactions that can suspend a relation at a time. */
#define TC_SUSPENDERS 4

/*
 * What a map entry stands for.  When any of it changes, the relation's records
 * begin anew in another entry.
 */
typedef struct TcMapIdentity
{
	Oid database;
	Oid relation;
	Oid file; /* file number: changes with every rewrite */
	Oid key_index;
	uint32 fingerprint; /* hash over the columns that are kept */
	bool never_evicted; /* no table behind it */
	bool expires;		/* rows have a time at which they expire */
} TcMapIdentity;

/* A backend's hold on a map entry; valid while the generation is the same. */
typedef struct TcMapEntry
{
	uint16 number;
	uint32 generation;
	uint32 salt; /* mixed into the hash of every key */
} TcMapEntry;

/* How many reasons there are for a bypass, and for a removal. */
#define TC_BYPASS_REASONS  8
#define TC_REMOVAL_REASONS 8

/* What is counted for each map. */
typedef enum TcCounter
{
	TC_COUNT_HITS,

	/* misses, by why the record was not there */
	TC_COUNT_MISSES_COLD, /* it has not been, as far as is known */
	TC_COUNT_MISSES_EVICTED,
	TC_COUNT_MISSES_EXPIRED,
	TC_COUNT_MISSES_INVALIDATED, /* its key was written, its map made anew */
	TC_COUNT_MISSES_SNAPSHOT,	 /* it is, in no version that the reader sees */
	TC_COUNT_MISSES_OVERSIZE,	 /* it is too large to be */
	TC_COUNT_MISS_NS,			 /* time that they took, fills included */

	TC_COUNT_BYPASSES, /* so many, by reason, from here on */
	TC_COUNT_BYPASSES_LAST = TC_COUNT_BYPASSES + TC_BYPASS_REASONS - 1,

	TC_COUNT_FILLS,
	TC_COUNT_FILLS_LOST, /* not stored: a writer came in between */
	TC_COUNT_PUTS,
	TC_COUNT_REMOVES,

	/* records that were removed, by TcRemovalReason, from here on */
	TC_COUNT_REMOVAL_REASONS,
	TC_COUNT_REMOVAL_REASONS_LAST =
		TC_COUNT_REMOVAL_REASONS + TC_REMOVAL_REASONS - 1,

	TC_COUNT_NOT_RESIDENT,	 /* not stored: no memory, or too large */
	TC_COUNT_COST_DEFAULTED, /* value could not be encoded */
	TC_NCOUNTERS
} TcCounter;

#endif /* TC_REF_H */
