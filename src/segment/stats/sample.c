/*-------------------------------------------------------------------------
 *
 * sample.c
 *	  Keeps the recent reads of a few keys, to tell what other sizes would do.
 *
 * Structure: a ring of fixed size in front of the arena.  One key in
 * 2^shift, chosen by a hash of its own, is watched: every read of it goes
 * into the ring.  Between two reads of a watched key there are then as many
 * other watched keys, times 2^shift, as there are keys between two reads of
 * any (Waldspurger and others, "Efficient MRC Construction with SHARDS", FAST
 * '15).  A place also says how many reads and misses of the map its backend
 * has had since the one before: which keys are watched is chance, and who
 * evaluates the ring can put it right with that.
 *
 * The worker chooses shift so that the ring holds several rounds of what is
 * resident.  With another shift the ring begins anew.
 *
 * What reads in bulk fill is not noted, as it pushes nothing else out (see
 * bulk.c); nor are hydrate and the warm-up.
 *
 * Concurrency: places are taken by adding to a counter and written whole, as
 * 64 bits.  Who reads the ring meanwhile may see a place from the round
 * before; it is one read of thousands.  A backend that reads one key over
 * and over writes nothing, it only counts, so that a hot key does not make
 * the counter hot.
 *
 * Failure: none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "port/pg_bitutils.h"

#include "segment/memory/shared.h"
#include "segment/stats/sample.h"

/* Size of the ring. */
#define BYTES_PER_PLACE 8192
#define MIN_PLACES		4096
#define MAX_PLACES		(1024 * 1024)

/* Rounds of what is resident in the ring. */
#define ROUNDS 16

/* However few keys there are, not all are watched: to note is not free. */
#define MIN_SHIFT 4

/*
 * A place, from the upper bits on: some of a hash, the map, the record's size,
 * reads, misses, and whether this read was one.
 */
#define KEY_BITS 24
#define MAP_BITS 15

/* Numbers are kept short, as mantissa and exponent; see shorten(). */
typedef struct Short
{
	uint8 exponent_bits;
	uint8 mantissa_bits;
} Short;

static const Short short_size = {4, 5};
static const Short short_reads = {4, 4};
static const Short short_misses = {3, 4};

/* Records are measured in units. */
#define UNIT_BYTES 8

/* Maps that a backend counts for at the same time; a power of two. */
#define COUNTED_MAPS 16
StaticAssertDecl((COUNTED_MAPS & (COUNTED_MAPS - 1)) == 0,
				 "it is a power of two");

/* The reads of a map by this backend that no place says yet. */
typedef struct Unnoted
{
	uint16 map;
	uint32 last_hash;
	int64 reads;
	int64 misses;
} Unnoted;

static Unnoted unnoted[COUNTED_MAPS];

/* ----- the ring ----- */

static uint32
places_for(Size size_bytes)
{
	return Max(MIN_PLACES, Min(MAX_PLACES, size_bytes / BYTES_PER_PLACE));
}

Size
tc_sample_bytes(Size size_bytes)
{
	return places_for(size_bytes) * sizeof(pg_atomic_uint64);
}

void
tc_sample_create(void)
{
	TcSharedSegment *head = tc_seg.head;

	Assert(KEY_BITS + MAP_BITS + short_size.exponent_bits +
			   short_size.mantissa_bits + short_reads.exponent_bits +
			   short_reads.mantissa_bits + short_misses.exponent_bits +
			   short_misses.mantissa_bits + 1 ==
		   64);
	head->sample_places = places_for(head->size_bytes);
	head->sample_shift = MIN_SHIFT;
	pg_atomic_init_u64(&head->sample_begin, 0);
	pg_atomic_init_u64(&head->sample_end, 0);
	for (uint32 i = 0; i < head->sample_places; i++)
		pg_atomic_init_u64(&tc_seg.samples[i], 0);
}

/* The shift for so many records. */
static uint32
shift_for(uint64 records)
{
	uint64 share = records * ROUNDS / tc_seg.head->sample_places;

	if (share >> MIN_SHIFT == 0)
		return MIN_SHIFT;
	return pg_leftmost_one_pos64(share) + 1;
}

void
tc_sample_adapt(void)
{
	TcSharedSegment *head = tc_seg.head;
	uint32 shift = shift_for(pg_atomic_read_u32(&head->nrecords));

	/* a few records less are no reason to begin anew */
	if (shift > head->sample_shift || shift + 1 < head->sample_shift)
	{
		head->sample_shift = shift;
		pg_atomic_write_u64(&head->sample_begin,
							pg_atomic_read_u64(&head->sample_end));
	}
}

/* ----- places ----- */

/*
 * A number in short, rounded: itself while it has no more than the bits of
 * the mantissa, then with the leading bit left out.
 */
static uint64
shorten(int64 n, Short form)
{
	uint64 most =
		(UINT64CONST(1) << (form.exponent_bits + form.mantissa_bits)) - 1;
	int shift;

	if (n < 1 << form.mantissa_bits)
		return Max(n, 0);
	shift = pg_leftmost_one_pos64(n) - form.mantissa_bits;
	if (shift > 0)
		n += INT64CONST(1) << (shift - 1);
	return Min(most, ((uint64) shift << form.mantissa_bits) + (n >> shift));
}

static int64
lengthen(uint64 s, Short form)
{
	uint64 one = UINT64CONST(1) << form.mantissa_bits;

	if (s < 2 * one)
		return s;
	return (s % one + one) << (s / one - 1);
}

/* Add a number to a place, and return what it was rounded to. */
static int64
put_short(uint64 *place, int64 n, Short form)
{
	uint64 s = shorten(n, form);

	*place = *place << (form.exponent_bits + form.mantissa_bits) | s;
	return lengthen(s, form);
}

static int64
take_short(uint64 *place, Short form)
{
	int bits = form.exponent_bits + form.mantissa_bits;
	uint64 s = *place & ((UINT64CONST(1) << bits) - 1);

	*place >>= bits;
	return lengthen(s, form);
}

/* Make a place; what rounding leaves of the numbers is for the next one. */
static uint64
form_place(uint32 hash, Unnoted *mine, uint32 data_bytes, bool missed)
{
	uint64 place = hash >> (32 - KEY_BITS);

	place = place << MAP_BITS | mine->map;
	put_short(&place, (data_bytes + UNIT_BYTES - 1) / UNIT_BYTES, short_size);
	mine->reads -= put_short(&place, mine->reads, short_reads);
	mine->misses -= put_short(&place, mine->misses, short_misses);
	return place << 1 | missed;
}

static void
read_place(uint64 place, TcSample *sample)
{
	sample->missed = place & 1;
	place >>= 1;
	sample->misses = take_short(&place, short_misses);
	sample->reads = take_short(&place, short_reads);
	sample->data_bytes = take_short(&place, short_size) * UNIT_BYTES;
	sample->map = place & ((1 << MAP_BITS) - 1);
	sample->key = place >> MAP_BITS;
}

/* ----- reads ----- */

void
tc_sample_read(const TcProbe *probe, uint32 data_bytes, bool missed)
{
	TcSharedSegment *head = tc_seg.head;
	Unnoted *mine = &unnoted[probe->entry.number % COUNTED_MAPS];
	uint32 hash = murmurhash32(probe->hash);
	uint64 place;

	Assert(probe->entry.number < 1 << MAP_BITS);
	if (mine->map != probe->entry.number)
		*mine = (Unnoted){.map = probe->entry.number};
	mine->reads++;
	mine->misses += missed;
	if ((hash & ((1U << head->sample_shift) - 1)) != 0 ||
		(hash == mine->last_hash && !missed))
		return;
	mine->last_hash = hash;
	place = pg_atomic_fetch_add_u64(&head->sample_end, 1);
	pg_atomic_write_u64(&tc_seg.samples[place % head->sample_places],
						form_place(hash, mine, data_bytes, missed));
}

TcSample *
tc_sample_take(int *n, uint32 *one_in)
{
	TcSharedSegment *head = tc_seg.head;
	uint64 begin = pg_atomic_read_u64(&head->sample_begin);
	uint64 end = pg_atomic_read_u64(&head->sample_end);
	TcSample *samples;

	*one_in = 1U << head->sample_shift;
	if (end - begin > head->sample_places)
		begin = end - head->sample_places;
	*n = end - begin;
	samples =
		palloc_extended((Size) (*n + 1) * sizeof(TcSample), MCXT_ALLOC_HUGE);
	for (int i = 0; i < *n; i++)
		read_place(pg_atomic_read_u64(
					   &tc_seg.samples[(begin + i) % head->sample_places]),
				   &samples[i]);
	return samples;
}
