/*-------------------------------------------------------------------------
 *
 * miss_curve.c
 *	  What caches of any size would have answered of some reads.
 *
 * Structure: an LRU cache answers a read if there is space for what was read
 * since the same key was, each record once: the read's need.  Reads are gone
 * through in their order.  A hash table knows where each key was read last;
 * a tree of partial sums (Fenwick) over these places has the record's size
 * there, so that a need is a sum over a range, in logarithmic time.
 *
 * The reads are those of one key in so many (sample.c), so needs are
 * multiplied by that, and each stands for as many reads: which gives misses
 * at any size.  Which keys were watched is chance; but how many misses there
 * were in truth, in the cache as it is, the samples know, and so by how much
 * the watched keys have misses in excess.  The curve is corrected by that, as
 * far as there are enough of them to tell.
 *
 * The first half of the reads fills the caches and is not counted.  A key
 * that is read for the first time after that, and was a hit, needs the cache
 * as it is; one that was a miss is a miss at any size, so the ratio is a
 * little too low for sizes that the samples do not reach.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "sql/miss_curve.h"

/* Watched misses that weigh as much as the assumption that all is right. */
#define ENOUGH_MISSES 50

/* Where a key was read last. */
typedef struct LastRead
{
	uint64 key; /* with its map */
	int place;	/* from 1 on */
} LastRead;

/* Sizes by place, as a tree of partial sums. */
typedef struct Sums
{
	double *node; /* from 1 on */
	int n;
} Sums;

static void
sums_add(Sums *sums, int place, double size)
{
	for (; place <= sums->n; place += place & -place)
		sums->node[place] += size;
}

/* The sum of all places up to one. */
static double
sums_upto(const Sums *sums, int place)
{
	double sum = 0;

	for (; place > 0; place -= place & -place)
		sum += sums->node[place];
	return sum;
}

static void *
alloc(int n, Size size)
{
	return palloc_extended((Size) (n + 1) * size,
						   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *) a;
	double y = *(const double *) b;

	return x < y ? -1 : x > y;
}

/* The need of a read, or less than 0 when the key has not been read before. */
static double
need_of_read(HTAB *last_reads, Sums *sums, int place, const TcSample *sample,
			 double size)
{
	uint64 key = (uint64) sample->map << 32 | sample->key;
	double need = -1;
	LastRead *last;
	bool found;

	last = hash_search(last_reads, &key, HASH_ENTER, &found);
	if (found)
	{
		need = sums_upto(sums, place - 1) - sums_upto(sums, last->place) + size;
		/* it may have been of another size then; the sums stay consistent */
		sums_add(sums, last->place,
				 sums_upto(sums, last->place - 1) -
					 sums_upto(sums, last->place));
	}
	last->place = place;
	sums_add(sums, place, size);
	return need;
}

/* Reads that are counted, as they are gone through. */
typedef struct Count
{
	double misses; /* all */
	double missed; /* watched ones */
} Count;

/* Enter a read that counts. */
static void
count_read(TcMissCurve *curve, Count *count, const TcSample *sample,
		   double need)
{
	curve->noted++;
	curve->reads += sample->reads;
	count->misses += sample->misses;
	count->missed += sample->missed;
	if (need >= 0)
		curve->needs[curve->nneeds++] = need;
}

static bool
counts(const TcMissCurveReads *reads, int i)
{
	return i >= reads->n / 2 &&
		(reads->map == TC_MISS_CURVE_ALL_MAPS ||
		 reads->samples[i].map == reads->map);
}

/* Go through the reads in their order. */
static void
replay(TcMissCurve *curve, Count *count, const TcMissCurveReads *reads)
{
	HASHCTL info = {.keysize = sizeof(uint64),
					.entrysize = sizeof(LastRead),
					.hcxt = CurrentMemoryContext};
	HTAB *last_reads = hash_create("topcache last reads", reads->n, &info,
								   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	Sums sums = {.node = alloc(reads->n, sizeof(double)), .n = reads->n};

	for (int i = 0; i < reads->n; i++)
	{
		const TcSample *sample = &reads->samples[i];
		double size =
			(double) reads->one_in * (sample->data_bytes + reads->record_bytes);
		double need = need_of_read(last_reads, &sums, i + 1, sample, size);

		CHECK_FOR_INTERRUPTS();
		if (need < 0 && !sample->missed)
			need = reads->cache_bytes;
		if (counts(reads, i))
			count_read(curve, count, sample, need);
	}
	curve->distinct = sums_upto(&sums, reads->n);
	hash_destroy(last_reads);
	pfree(sums.node);
}

void
tc_miss_curve_make(TcMissCurve *curve, const TcMissCurveReads *reads)
{
	double one_in = reads->one_in;
	Count count = {0};

	*curve = (TcMissCurve){0};
	curve->needs = alloc(reads->n, sizeof(double));
	replay(curve, &count, reads);
	qsort(curve->needs, curve->nneeds, sizeof(double), by_size);

	/* few misses tell nothing: then it is close to one_in */
	curve->weight = one_in * (count.misses + ENOUGH_MISSES * one_in) /
		(count.missed * one_in + ENOUGH_MISSES * one_in);
}

/* How many needs are met by so many bytes. */
static int
needs_met(const TcMissCurve *curve, double bytes)
{
	int low = 0;
	int high = curve->nneeds;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (curve->needs[middle] <= bytes)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

double
tc_miss_curve_hit_ratio(const TcMissCurve *curve, double bytes)
{
	double misses = curve->weight * (curve->noted - needs_met(curve, bytes));

	return Max(0.0, 1.0 - misses / Max(curve->reads, 1.0));
}
