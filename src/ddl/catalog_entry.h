/*
 * catalog_entry.h
 *	  Entries of catalogs, read without the cache.
 */
#ifndef TC_CATALOG_ENTRY_H
#define TC_CATALOG_ENTRY_H

#include "access/attnum.h"
#include "access/htup.h"
#include "utils/snapshot.h"

/*
 * The entry of an object, as the snapshot sees it (NULL: the catalog's own),
 * copied into the current memory context, or NULL.  number is that of the
 * column with its id, index the one on that column.  Locks the catalog with
 * AccessShareLock while it is read.
 */
extern HeapTuple tc_catalog_entry(Oid catalog, AttrNumber number, Oid index,
								  Oid object, Snapshot snapshot);

#endif /* TC_CATALOG_ENTRY_H */
