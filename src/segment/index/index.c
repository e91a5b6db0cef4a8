/*-------------------------------------------------------------------------
 *
 * index.c
 *	  A hash table over the records of the segment.
 *
 * Structure: buckets of one cache line hold up to eleven refs, each with one
 * byte of its record's hash, so that a probe looks at one line and then, as
 * a rule, at the one record that it wants.  Buckets that overflow have
 * further slots behind them, in pieces of half a line, so that a table in
 * the middle of doubling, whose buckets are half of them twice as full as
 * the others, takes no more memory than one that is evenly filled.  The table grows and shrinks by one bucket at
 * a time (linear hashing), in pages of the arena named by the directory, so
 * its size follows the number of records and there is never a pause.
 *
 * The number of buckets is a multiple of TC_PARTITIONS at all powers of two,
 * so a bucket and the one it is split from lie in the same partition, and a
 * record's partition is known from its hash alone.
 *
 * Concurrency: writers hold the partition's lock exclusively and make the
 * first bucket's sequence number odd for as long as the chain, or anything
 * that hangs below its slots, is not in order.  Readers hold nothing: they
 * read the number, look, and look at it again (lookup.c).  What they read in
 * between may be anything, but it lies within the segment.  The number of
 * buckets changes under the growth lock and the partition's lock, so holding
 * a partition's lock pins the bucket of every hash in it.  A reader without
 * a lock checks that its hash still belongs to the bucket it looked into.  A
 * bucket's memory can come back as another bucket after the table shrank and
 * grew: sequence numbers of new buckets therefore start from a counter that
 * moves on, never from the same value.  When it has come back as something
 * else, what lies there is no sequence number at all: so the directory has a
 * number of its own, which moves before a page that has joined it is used and
 * before one that has left it is, and a reader looks at that too.
 *
 * Failure: without memory for an overflow bucket an insertion returns false,
 * and growth is put off.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "segment/index/index.h"
#include "segment/memory/arena.h"

/*
 * Records per bucket at which buckets are added, and taken away.  While the
 * table doubles, buckets that have not been split yet are up to twice as full
 * as the others; with more records to a bucket half of those in such ones lie
 * behind its own slots, and with fewer the index takes over 8 bytes a record.
 */
#define GROW_LOAD	10
#define SHRINK_LOAD 4

/* Distance of the sequence numbers that bucket generations start from. */
#define ERA_STEP 0x10000

static inline uint32
buckets_per_page(void)
{
	return 1U << tc_seg.bucket_shift;
}

static inline TcSharedBucketEntries *
next_slots(const TcSharedBucketEntries *slots)
{
	return slots->overflow == TC_NO_REF
		? NULL
		: (TcSharedBucketEntries *) tc_ref_address(slots->overflow);
}

/* How many slots there are at a place in a bucket's chain. */
static inline int
count_slots(const TcSharedBucket *first, const TcSharedBucketEntries *slots)
{
	return (const void *) slots == (const void *) first->slots
		? TC_BUCKET_ENTRIES
		: TC_OVERFLOW_ENTRIES;
}

static inline uint8
hash_tag(uint32 hash)
{
	return hash >> 24;
}

/* Give a bucket that enters the table its empty contents. */
static void
init_bucket(TcSharedBucket *bucket, uint32 seq)
{
	memset(bucket, 0, sizeof(TcSharedBucket));
	pg_atomic_init_u32(&bucket->seq, seq);
}

void
tc_index_create(void)
{
	TcSharedSegment *head = tc_seg.head;

	StaticAssertStmt(8192 / sizeof(TcSharedBucket) >= TC_PARTITIONS,
					 "the first page must hold a bucket of each partition");
	tc_seg.directory[0] = tc_arena_take_page(TC_PAGE_INDEX);
	Assert(tc_seg.directory[0] == 0);
	head->min_buckets = buckets_per_page();
	for (uint32 i = 0; i < head->min_buckets; i++)
		init_bucket(tc_bucket_at(i), 0);
	pg_atomic_init_u32(&head->nbuckets, head->min_buckets);
	pg_atomic_init_u32(&head->index_pages, 1);
}

/* ----- finding, under the partition's lock ----- */

void
tc_index_begin_locked(TcIndexPlace *place, uint32 hash)
{
	uint32 nbuckets;

	Assert(LWLockHeldByMe(tc_partition_lock(hash)));
	place->hash = hash;
	place->first = tc_bucket_of(hash, &nbuckets);
	place->slots = tc_bucket_entries(place->first);
	place->nslots = TC_BUCKET_ENTRIES;
	place->slot = -1;
	place->ref = TC_NO_REF;
}

bool
tc_index_next_locked(TcIndexPlace *place)
{
	uint8 tag = hash_tag(place->hash);

	Assert(LWLockHeldByMe(tc_partition_lock(place->hash)));
	while (place->slots != NULL)
	{
		const uint8 *tags = tc_bucket_tags(place->slots, place->nslots);

		while (++place->slot < place->nslots)
		{
			place->ref = place->slots->ref[place->slot];
			if (place->ref != TC_NO_REF && tags[place->slot] == tag &&
				tc_record_at(place->ref)->hash == place->hash)
				return true;
		}
		place->slots = next_slots(place->slots);
		place->nslots = TC_OVERFLOW_ENTRIES;
		place->slot = -1;
	}
	return false;
}

bool
tc_index_find_ref_locked(TcIndexPlace *place, uint32 hash, TcRef ref)
{
	Assert(LWLockHeldByMe(tc_partition_lock(hash)));
	tc_index_begin_locked(place, hash);
	while (tc_index_next_locked(place))
	{
		if (place->ref == ref)
			return true;
	}
	return false;
}

/* ----- changing, under the partition's lock ----- */

void
tc_bucket_begin_change_locked(TcSharedBucket *first)
{
	uint32 seq = pg_atomic_read_u32(&first->seq);

	Assert(LWLockHeldByMeInMode(tc_bucket_lock(first), LW_EXCLUSIVE));
	Assert((seq & 1) == 0);
	pg_atomic_write_u32(&first->seq, seq + 1);
	pg_write_barrier();
}

void
tc_bucket_end_change_locked(TcSharedBucket *first)
{
	uint32 seq = pg_atomic_read_u32(&first->seq);

	Assert(LWLockHeldByMeInMode(tc_bucket_lock(first), LW_EXCLUSIVE));
	Assert((seq & 1) == 1);
	pg_write_barrier();
	pg_atomic_write_u32(&first->seq, seq + 1);
	tc_bucket_check_locked(first);
}

/* Put a ref into the chain of a bucket; false without memory. */
static bool
add_to_chain_locked(TcSharedBucket *first, uint8 tag, TcRef ref)
{
	TcSharedBucketEntries *slots = tc_bucket_entries(first);

	Assert(LWLockHeldByMeInMode(tc_bucket_lock(first), LW_EXCLUSIVE));
	for (;;)
	{
		int nslots = count_slots(first, slots);

		for (int i = 0; i < nslots; i++)
		{
			if (slots->ref[i] == TC_NO_REF)
			{
				slots->ref[i] = ref;
				tc_bucket_tags(slots, nslots)[i] = tag;
				return true;
			}
		}
		if (slots->overflow == TC_NO_REF)
		{
			TcRef more = tc_arena_alloc_overflow();

			if (more == TC_NO_REF)
				return false;
			memset(tc_ref_address(more), 0, TC_MIN_CHUNK_BYTES);
			slots->overflow = more;
		}
		slots = next_slots(slots);
	}
}

/* Cut off and free the last slots of a chain while they are empty. */
static void
trim_chain_locked(TcSharedBucket *first)
{
	TcSharedBucketEntries *front = tc_bucket_entries(first);

	Assert(LWLockHeldByMeInMode(tc_bucket_lock(first), LW_EXCLUSIVE));
	while (front->overflow != TC_NO_REF)
	{
		TcSharedBucketEntries *before = front;
		TcSharedBucketEntries *last = next_slots(front);
		TcRef ref;

		while (last->overflow != TC_NO_REF)
		{
			before = last;
			last = next_slots(last);
		}
		for (int i = 0; i < TC_OVERFLOW_ENTRIES; i++)
		{
			if (last->ref[i] != TC_NO_REF)
				return;
		}
		ref = before->overflow;
		before->overflow = TC_NO_REF;
		tc_arena_free(ref);
	}
}

bool
tc_index_insert_locked(uint32 hash, TcRef ref)
{
	uint32 nbuckets;

	Assert(LWLockHeldByMeInMode(tc_partition_lock(hash), LW_EXCLUSIVE));
	if (!add_to_chain_locked(tc_bucket_of(hash, &nbuckets), hash_tag(hash),
							 ref))
		return false;
	pg_atomic_fetch_add_u32(&tc_seg.head->nrecords, 1);
	return true;
}

void
tc_index_exchange_locked(TcIndexPlace *place, TcRef ref)
{
	Assert(LWLockHeldByMeInMode(tc_partition_lock(place->hash), LW_EXCLUSIVE));
	Assert(place->slots->ref[place->slot] == place->ref);
	place->slots->ref[place->slot] = ref;
	place->ref = ref;
}

/* Take a ref out, filling the hole from the end of the chain. */
void
tc_index_remove_locked(TcIndexPlace *place)
{
	TcSharedBucketEntries *last = place->slots;

	Assert(LWLockHeldByMeInMode(tc_partition_lock(place->hash), LW_EXCLUSIVE));
	Assert(place->slots->ref[place->slot] == place->ref);
	place->slots->ref[place->slot] = TC_NO_REF;
	pg_atomic_fetch_sub_u32(&tc_seg.head->nrecords, 1);

	while (last->overflow != TC_NO_REF)
		last = next_slots(last);
	for (int i = 0; last != place->slots && i < TC_OVERFLOW_ENTRIES; i++)
	{
		if (last->ref[i] != TC_NO_REF)
		{
			place->slots->ref[place->slot] = last->ref[i];
			tc_bucket_tags(place->slots, place->nslots)[place->slot] =
				tc_bucket_tags(last, TC_OVERFLOW_ENTRIES)[i];
			last->ref[i] = TC_NO_REF;
			break;
		}
	}
	trim_chain_locked(place->first);
}

/* ----- growing and shrinking ----- */

bool
tc_index_size_wants_growth(void)
{
	return pg_atomic_read_u32(&tc_seg.head->nrecords) / GROW_LOAD >=
		pg_atomic_read_u32(&tc_seg.head->nbuckets);
}

bool
tc_index_size_wants_shrinking(void)
{
	uint32 nbuckets = pg_atomic_read_u32(&tc_seg.head->nbuckets);

	return nbuckets > tc_seg.head->min_buckets &&
		pg_atomic_read_u32(&tc_seg.head->nrecords) / SHRINK_LOAD < nbuckets;
}

bool
tc_index_size_growth_needs_page(void)
{
	return pg_atomic_read_u32(&tc_seg.head->nbuckets) % buckets_per_page() == 0;
}

/* Empty a bucket chain without looking at what it holds. */
static void
discard_chain_locked(TcSharedBucket *first)
{
	Assert(LWLockHeldByMeInMode(tc_bucket_lock(first), LW_EXCLUSIVE));
	for (TcSharedBucketEntries *s = tc_bucket_entries(first); s != NULL;
		 s = next_slots(s))
		memset(s->ref, 0, count_slots(first, s) * sizeof(TcRef));
	trim_chain_locked(first);
}

/*
 * Copy to "into" those refs of a chain that belong to bucket "number" in a
 * table of nbuckets.  All or nothing.
 */
static bool
copy_chain_locked(TcSharedBucket *from, TcSharedBucket *into, uint32 number,
				  uint32 nbuckets)
{
	Assert(LWLockHeldByMeInMode(tc_bucket_lock(from), LW_EXCLUSIVE));
	for (TcSharedBucketEntries *s = tc_bucket_entries(from); s != NULL;
		 s = next_slots(s))
	{
		int nslots = count_slots(from, s);

		for (int i = 0; i < nslots; i++)
		{
			if (s->ref[i] != TC_NO_REF &&
				tc_bucket_number(tc_record_at(s->ref[i])->hash, nbuckets) ==
					number &&
				!add_to_chain_locked(into, tc_bucket_tags(s, nslots)[i],
									 s->ref[i]))
				return false;
		}
	}
	return true;
}

/* Drop from a chain those refs that do not belong to bucket "number". */
static void
purge_chain_locked(TcSharedBucket *first, uint32 number, uint32 nbuckets)
{
	TcSharedBucketEntries *to = tc_bucket_entries(first);
	int to_slots = TC_BUCKET_ENTRIES;
	int to_slot = 0;

	Assert(LWLockHeldByMeInMode(tc_bucket_lock(first), LW_EXCLUSIVE));
	for (TcSharedBucketEntries *s = to; s != NULL; s = next_slots(s))
	{
		int nslots = count_slots(first, s);

		for (int i = 0; i < nslots; i++)
		{
			TcRef ref = s->ref[i];
			uint8 tag = tc_bucket_tags(s, nslots)[i];

			s->ref[i] = TC_NO_REF;
			if (ref == TC_NO_REF ||
				tc_bucket_number(tc_record_at(ref)->hash, nbuckets) != number)
				continue;
			if (to_slot == to_slots)
			{
				to = next_slots(to);
				to_slots = TC_OVERFLOW_ENTRIES;
				to_slot = 0;
			}
			to->ref[to_slot] = ref;
			tc_bucket_tags(to, to_slots)[to_slot++] = tag;
		}
	}
	trim_chain_locked(first);
}

/* Split off bucket number nbuckets; growth lock held. */
static bool
split_bucket_locked(uint32 nbuckets)
{
	TcSharedSegment *head = tc_seg.head;
	uint32 old_number = tc_bucket_number(nbuckets, nbuckets);
	TcSharedBucket *old = tc_bucket_at(old_number);
	TcSharedBucket *new = tc_bucket_at(nbuckets);
	LWLock *lock = tc_partition_lock(nbuckets);
	bool copied;

	Assert(LWLockHeldByMeInMode(tc_growth_lock(), LW_EXCLUSIVE));
	init_bucket(new, pg_atomic_fetch_add_u32(&head->bucket_era, ERA_STEP));
	LWLockAcquire(lock, LW_EXCLUSIVE);
	copied = copy_chain_locked(old, new, nbuckets, nbuckets + 1);
	if (copied)
	{
		tc_bucket_begin_change_locked(old);
		pg_atomic_write_u32(&head->nbuckets, nbuckets + 1);
		pg_write_barrier();
		purge_chain_locked(old, old_number, nbuckets + 1);
		tc_bucket_end_change_locked(old);
		tc_bucket_check_locked(new);
	}
	else
		discard_chain_locked(new);
	LWLockRelease(lock);
	return copied;
}

bool
tc_index_size_grow(uint32 *page)
{
	TcSharedSegment *head = tc_seg.head;
	bool grown = false;
	uint32 nbuckets;

	if (!LWLockConditionalAcquire(tc_growth_lock(), LW_EXCLUSIVE))
		return false;
	nbuckets = pg_atomic_read_u32(&head->nbuckets);
	if (nbuckets % buckets_per_page() == 0)
	{
		if (*page != TC_NO_PAGE)
		{
			tc_seg.directory[nbuckets / buckets_per_page()] = *page;
			pg_atomic_fetch_add_u32(&head->directory_era, 1);
			pg_atomic_fetch_add_u32(&head->index_pages, 1);
			grown = split_bucket_locked(nbuckets);
			if (!grown)
				pg_atomic_fetch_sub_u32(&head->index_pages, 1);
			else
				*page = TC_NO_PAGE;
		}
	}
	else
		grown = split_bucket_locked(nbuckets);
	LWLockRelease(tc_growth_lock());
	return grown;
}

/* Merge the last bucket into the one it came from; growth lock held. */
static bool
merge_bucket_locked(uint32 nbuckets)
{
	uint32 number = nbuckets - 1;
	uint32 into_number = tc_bucket_number(number, number);
	TcSharedBucket *into = tc_bucket_at(into_number);
	TcSharedBucket *from = tc_bucket_at(number);
	LWLock *lock = tc_partition_lock(number);
	bool copied;

	Assert(LWLockHeldByMeInMode(tc_growth_lock(), LW_EXCLUSIVE));
	LWLockAcquire(lock, LW_EXCLUSIVE);
	tc_bucket_begin_change_locked(into);
	tc_bucket_begin_change_locked(from);
	copied = copy_chain_locked(from, into, into_number, number);
	if (copied)
	{
		pg_atomic_write_u32(&tc_seg.head->nbuckets, number);
		pg_write_barrier();
		discard_chain_locked(from);
	}
	else
		purge_chain_locked(into, into_number, nbuckets);
	tc_bucket_end_change_locked(from);
	tc_bucket_end_change_locked(into);
	LWLockRelease(lock);
	return copied;
}

bool
tc_index_size_shrink(void)
{
	uint32 freed_page = TC_NO_PAGE;
	uint32 nbuckets;
	bool shrunk = false;

	if (!LWLockConditionalAcquire(tc_growth_lock(), LW_EXCLUSIVE))
		return false;
	nbuckets = pg_atomic_read_u32(&tc_seg.head->nbuckets);
	if (nbuckets > tc_seg.head->min_buckets)
		shrunk = merge_bucket_locked(nbuckets);
	if (shrunk && (nbuckets - 1) % buckets_per_page() == 0)
	{
		freed_page = tc_seg.directory[(nbuckets - 1) / buckets_per_page()];
		pg_atomic_fetch_add_u32(&tc_seg.head->directory_era, 1);
		pg_atomic_fetch_sub_u32(&tc_seg.head->index_pages, 1);
	}
	LWLockRelease(tc_growth_lock());
	if (freed_page != TC_NO_PAGE)
		tc_arena_return_page(freed_page);
	return shrunk;
}

uint32
tc_index_classes(void)
{
	return pg_prevpower2_32(pg_atomic_read_u32(&tc_seg.head->nbuckets));
}

/* Visit those records of a bucket chain that are in a class. */
static void
visit_chain_locked(TcSharedBucket *first, uint32 class, uint32 classes,
				   void (*visit)(TcRef ref, void *arg), void *arg)
{
	Assert(LWLockHeldByMe(tc_bucket_lock(first)));
	for (TcSharedBucketEntries *s = tc_bucket_entries(first); s != NULL;
		 s = next_slots(s))
	{
		int nslots = count_slots(first, s);

		for (int i = 0; i < nslots; i++)
		{
			if (s->ref[i] != TC_NO_REF &&
				(tc_record_at(s->ref[i])->hash & (classes - 1)) == class)
				visit(s->ref[i], arg);
		}
	}
}

void
tc_index_visit_class(uint32 class, uint32 classes,
					 void (*visit)(TcRef ref, void *arg), void *arg)
{
	LWLock *lock = tc_partition_lock(class);
	uint32 nbuckets;

	LWLockAcquire(lock, LW_SHARED);
	nbuckets = pg_atomic_read_u32(&tc_seg.head->nbuckets);

	/* a table that has shrunk since has the class in one bucket with others */
	if (class >= nbuckets)
		visit_chain_locked(tc_bucket_at(tc_bucket_number(class, nbuckets)),
						   class, classes, visit, arg);
	for (uint32 n = class; n < nbuckets; n += classes)
		visit_chain_locked(tc_bucket_at(n), class, classes, visit, arg);
	LWLockRelease(lock);
}

#ifdef USE_ASSERT_CHECKING

/* What so many slots hold; returns how many of them are in use. */
static int
check_slots_locked(TcSharedBucket *first, TcSharedBucketEntries *slots,
				   int nslots)
{
	int used = 0;

	Assert(LWLockHeldByMe(tc_bucket_lock(first)));
	for (int i = 0; i < nslots; i++)
	{
		TcRef ref = slots->ref[i];
		uint32 nbuckets;
		uint32 hash;

		if (ref == TC_NO_REF)
			continue;
		used++;
		Assert(tc_ref_plausible(ref, sizeof(TcSharedRecord)));
		hash = tc_record_at(ref)->hash;
		Assert(tc_bucket_tags(slots, nslots)[i] == hash >> 24);
		Assert(tc_bucket_of(hash, &nbuckets) == first);
		for (int j = 0; j < i; j++)
			Assert(slots->ref[j] != ref);
	}
	return used;
}

/* A bucket outside of a change, and what its entries say. */
void
tc_bucket_check_locked(TcSharedBucket *first)
{
	TcSharedBucketEntries *slots = tc_bucket_entries(first);

	Assert(LWLockHeldByMe(tc_bucket_lock(first)));
	Assert((pg_atomic_read_u32(&first->seq) & 1) == 0);
	check_slots_locked(first, slots, TC_BUCKET_ENTRIES);
	while (slots->overflow != TC_NO_REF)
	{
		int used;

		Assert(tc_ref_plausible(slots->overflow, TC_MIN_CHUNK_BYTES));
		slots = (TcSharedBucketEntries *) tc_ref_address(slots->overflow);
		used = check_slots_locked(first, slots, TC_OVERFLOW_ENTRIES);

		/* the last ones are given back when they are empty */
		Assert(used > 0 || slots->overflow != TC_NO_REF);
	}
}

void
tc_index_size_check(void)
{
	TcSharedSegment *head = tc_seg.head;
	uint32 per_page = 1U << tc_seg.bucket_shift;
	uint32 nbuckets;
	uint32 pages;

	if (!LWLockConditionalAcquire(tc_growth_lock(), LW_SHARED))
		return;
	nbuckets = pg_atomic_read_u32(&head->nbuckets);
	pages = (nbuckets + per_page - 1) / per_page;
	Assert(nbuckets >= head->min_buckets);
	Assert(pg_atomic_read_u32(&head->index_pages) == pages);
	for (uint32 i = 0; i < pages; i++)
		Assert(tc_seg.pages[tc_seg.directory[i]].use == TC_PAGE_INDEX);
	LWLockRelease(tc_growth_lock());
}

#endif /* USE_ASSERT_CHECKING */
