/*
 * miss_curve.h
 *	  What caches of any size would have answered of some reads.
 */
#ifndef TC_MISS_CURVE_H
#define TC_MISS_CURVE_H

#include "segment/stats/sample.h"

/* Reads of any map. */
#define TC_MISS_CURVE_ALL_MAPS (-1)

/* What the curve is made from. */
typedef struct TcMissCurveReads
{
	const TcSample *samples;
	int n;
	uint32 one_in;		 /* of how many keys one was watched */
	int map;			 /* whose reads count, by its number */
	uint32 record_bytes; /* what a record takes beyond its data */
	double cache_bytes;	 /* of records, where the reads happened */
} TcMissCurveReads;

/* What each read would have taken to be a hit; see miss_curve.c. */
typedef struct TcMissCurve
{
	double *needs; /* bytes, ascending; those of first reads are not there */
	int nneeds;
	double weight;	 /* reads that each watched one stands for */
	double reads;	 /* all reads that count */
	int64 noted;	 /* watched ones of them */
	double distinct; /* bytes of all records that were read */
} TcMissCurve;

/* Make the curve, in the current memory context. */
extern void tc_miss_curve_make(TcMissCurve *curve,
							   const TcMissCurveReads *reads);

/* The part of the reads that a cache of so many bytes would have answered. */
extern double tc_miss_curve_hit_ratio(const TcMissCurve *curve, double bytes);

#endif /* TC_MISS_CURVE_H */
