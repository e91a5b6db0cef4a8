/*-------------------------------------------------------------------------
 *
 * write_seq.c
 *	  Numbers that tell a fill that its key has been written meanwhile.
 *
 * Structure: an array of numbers, of which a key has the one that its hash
 * names; so a write of another key makes a fill lose now and then.
 *
 * Concurrency: versions.c says how fills and writers use them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "segment/index/write_seq.h"
#include "segment/memory/shared.h"

static inline pg_atomic_uint32 *
seq_of(const TcProbe *probe)
{
	/* other bits of the hash than the partition's come first */
	return &tc_seg.write_seqs[(probe->hash >> 7 | probe->hash << 25) &
							  (tc_seg.head->nwrite_seqs - 1)];
}

uint32
tc_write_seq_read(const TcProbe *probe)
{
	uint32 seq = pg_atomic_read_u32(seq_of(probe));

	/* nothing of the table may be read before it is */
	pg_memory_barrier();
	return seq;
}

void
tc_write_seq_raise(const TcProbe *probe)
{
	/* a full barrier: what was done to the table is done before */
	pg_atomic_fetch_add_u32(seq_of(probe), 1);
}

bool
tc_write_seq_is_locked(const TcProbe *probe, uint32 seq)
{
	Assert(LWLockHeldByMe(tc_partition_lock(probe->hash)));
	return pg_atomic_read_u32(seq_of(probe)) == seq;
}
