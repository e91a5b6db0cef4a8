/*
 * warm_up_file.h
 *	  The file that says which records were resident, and when they were used.
 */
#ifndef TC_WARM_UP_FILE_H
#define TC_WARM_UP_FILE_H

#include "cache/warm_keys.h"

/* A map in the file, and the records of it. */
typedef struct TcWarmUpMap
{
	Oid database;
	Oid relation;
	uint32 layout; /* its fingerprint then */
	uint32 unused;
} TcWarmUpMap;

/* An open file, all of which has been checked. */
typedef struct TcWarmUpFile TcWarmUpFile;

/*
 * Write the keys of all resident records, unless something goes wrong, which
 * is logged; the file that was there stays then.  Returns how many.
 */
extern int64 tc_warm_up_file_write(void);

/*
 * Open the file; NULL when there is none, or it is not one of this server, or
 * damaged, which with complain is logged.
 */
extern TcWarmUpFile *tc_warm_up_file_open(bool complain);
extern void tc_warm_up_file_close(TcWarmUpFile *file);

/* The maps in it. */
extern const TcWarmUpMap *tc_warm_up_file_maps(const TcWarmUpFile *file,
											   int *n);

/*
 * The keys of a database's maps, those used last first; map[i] is the number
 * of the map of key i.  Returns how many.
 */
extern int64 tc_warm_up_file_keys(const TcWarmUpFile *file, Oid database,
								  TcWarmKey **keys, uint32 **map);

#endif /* TC_WARM_UP_FILE_H */
