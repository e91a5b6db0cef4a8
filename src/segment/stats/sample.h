/*
 * sample.h
 *	  Keeps the recent reads of a few keys, to tell what other sizes would do.
 */
#ifndef TC_SAMPLE_H
#define TC_SAMPLE_H

#include "segment/memory/image.h"

/* A read that was noted. */
typedef struct TcSample
{
	uint32 key; /* stands for the key */
	uint16 map;
	bool missed;
	int64 data_bytes; /* of the record */

	/* of the map since the one before, itself included */
	int64 reads;
	int64 misses;
} TcSample;

/* Bytes of the ring, in a segment of some size; make it. */
extern Size tc_sample_bytes(Size size_bytes);
extern void tc_sample_create(void);

/* A record with so many bytes of data was read, and missed or not. */
extern void tc_sample_read(const TcProbe *probe, uint32 data_bytes,
						   bool missed);

/* Choose how many keys are noted by how many there are; for the worker. */
extern void tc_sample_adapt(void);

/*
 * The reads noted, in their order, in the current memory context, and one in
 * how many keys they are about.
 */
extern TcSample *tc_sample_take(int *n, uint32 *one_in);

#endif /* TC_SAMPLE_H */
