/*
 * key_scan.h
 *	  Reads the records of keys that a plan's expressions give.
 */
#ifndef TC_KEY_SCAN_H
#define TC_KEY_SCAN_H

#include "nodes/execnodes.h"

#include "cache/read_ahead.h"
#include "query/key_match.h"

/* The keys of one scan node, and the reads of their records. */
typedef struct TcKeyScan
{
	TcReader reader;
	bool reading; /* the reader has begun */
	const TcKeyColumns *key;
	List *expressions; /* of ExprState, one for each key column */
	int array;		   /* the one that is an array, or -1 */
	MemoryContext query;
	MemoryContext run; /* from start to reset */
	Datum *keys;
	int nkeys; /* so many are wanted */
	int next;  /* the first that was not read */
	TcReadAhead reads;
	TcValue value; /* the one handed out */
} TcKeyScan;

/* Prepare, in the memory of the query.  The rest is zeroed. */
extern void tc_key_scan_init(TcKeyScan *scan, MemoryContext query,
							 const TcKeyColumns *key, List *expressions,
							 int array);

/*
 * Begin to read, unless that was done; the reader stays the same through
 * rescans.  Privileges were checked, be it for plain SQL or a foreign table.
 */
extern void tc_key_scan_begin(TcKeyScan *scan, TcMap *map, Snapshot snapshot,
							  bool plain_sql);

/* Evaluate the keys. */
extern void tc_key_scan_start(TcKeyScan *scan, ExprContext *context);

/* Read other keys, which are in the memory of the run. */
extern void tc_key_scan_set_keys(TcKeyScan *scan, Datum *keys, int nkeys);

/*
 * The next record that there is, and its key; NULL at the end.  Good until
 * the next call.
 */
extern const TcValue *tc_key_scan_next(TcKeyScan *scan, const Datum **keys);

/* The next key alone, for who reads its record in another way; or NULL. */
extern const Datum *tc_key_scan_next_key(TcKeyScan *scan);

/* Forget the keys; end. */
extern void tc_key_scan_reset(TcKeyScan *scan);
extern void tc_key_scan_end(TcKeyScan *scan);

#endif /* TC_KEY_SCAN_H */
