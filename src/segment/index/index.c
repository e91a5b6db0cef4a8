/*-------------------------------------------------------------------------
 *
 * index.c
 *	  A hash table over the records of the segment.
 *
 * Structure: buckets of one cache line hold up to eleven refs, each with one
 * byte of its record's hash, so that a probe looks at one line and then, as
 * a rule, at the one record that it wants.  Buckets that overflow have
 * further entries behind them, in pieces of half a line, so that a table in
 * the middle of doubling, whose buckets are half of them twice as full as
 * the others, takes no more memory than one that is evenly filled.  The table
 * grows and shrinks by one bucket at a time (index_size.c), in pages of the
 * arena named by the directory, so its size follows the number of records and
 * there is never a pause.
 *
 * The number of buckets is a multiple of TC_PARTITIONS at all powers of two,
 * so a bucket and the one it is split from lie in the same partition, and a
 * record's partition is known from its hash alone.
 *
 * Concurrency: writers hold the partition's lock exclusively and make the
 * first bucket's sequence number odd for as long as the chain, or a version
 * that its entries lead to, is not in order.  Readers hold nothing: they
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
 * Failure: without memory for an overflow bucket an insertion returns false.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "segment/index/index.h"
#include "segment/memory/arena.h"

void
tc_index_create(void)
{
	TcSharedSegment *head = tc_seg.head;

	StaticAssertStmt(8192 / sizeof(TcSharedBucket) >= TC_PARTITIONS,
					 "the first page must hold a bucket of each partition");
	tc_seg.directory[0] = tc_arena_take_page(TC_PAGE_INDEX);
	Assert(tc_seg.directory[0] == 0);
	head->min_buckets = tc_bucket_per_page();
	for (uint32 i = 0; i < head->min_buckets; i++)
		tc_bucket_init(tc_bucket_at(i), 0);
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
	place->entries = tc_bucket_entries(place->first);
	place->nentries = TC_BUCKET_ENTRIES;
	place->entry = -1;
	place->ref = TC_NO_REF;
}

bool
tc_index_next_locked(TcIndexPlace *place)
{
	uint8 tag = tc_bucket_tag(place->hash);

	Assert(LWLockHeldByMe(tc_partition_lock(place->hash)));
	while (place->entries != NULL)
	{
		const uint8 *tags = tc_bucket_tags(place->entries, place->nentries);

		while (++place->entry < place->nentries)
		{
			place->ref = place->entries->ref[place->entry];
			if (place->ref != TC_NO_REF && tags[place->entry] == tag &&
				tc_record_at(place->ref)->hash == place->hash)
				return true;
		}
		place->entries = tc_bucket_next(place->entries);
		place->nentries = TC_OVERFLOW_ENTRIES;
		place->entry = -1;
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

bool
tc_index_insert_locked(uint32 hash, TcRef ref)
{
	uint32 nbuckets;

	Assert(LWLockHeldByMeInMode(tc_partition_lock(hash), LW_EXCLUSIVE));
	if (!tc_bucket_add_locked(tc_bucket_of(hash, &nbuckets),
							  tc_bucket_tag(hash), ref))
		return false;
	pg_atomic_fetch_add_u32(&tc_seg.head->nrecords, 1);
	return true;
}

void
tc_index_exchange_locked(TcIndexPlace *place, TcRef ref)
{
	Assert(LWLockHeldByMeInMode(tc_partition_lock(place->hash), LW_EXCLUSIVE));
	Assert(place->entries->ref[place->entry] == place->ref);
	place->entries->ref[place->entry] = ref;
	place->ref = ref;
}

/* Take a ref out, filling the hole from the end of the chain. */
void
tc_index_remove_locked(TcIndexPlace *place)
{
	TcSharedBucketEntries *last = place->entries;

	Assert(LWLockHeldByMeInMode(tc_partition_lock(place->hash), LW_EXCLUSIVE));
	Assert(place->entries->ref[place->entry] == place->ref);
	place->entries->ref[place->entry] = TC_NO_REF;
	pg_atomic_fetch_sub_u32(&tc_seg.head->nrecords, 1);

	while (last->overflow != TC_NO_REF)
		last = tc_bucket_next(last);
	for (int i = 0; last != place->entries && i < TC_OVERFLOW_ENTRIES; i++)
	{
		if (last->ref[i] != TC_NO_REF)
		{
			place->entries->ref[place->entry] = last->ref[i];
			tc_bucket_tags(place->entries, place->nentries)[place->entry] =
				tc_bucket_tags(last, TC_OVERFLOW_ENTRIES)[i];
			last->ref[i] = TC_NO_REF;
			break;
		}
	}
	tc_bucket_trim_locked(place->first);
}

/* ----- visiting all ----- */

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
		 s = tc_bucket_next(s))
	{
		int nentries = tc_bucket_count(first, s);

		for (int i = 0; i < nentries; i++)
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
