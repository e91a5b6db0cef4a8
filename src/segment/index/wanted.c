/*-------------------------------------------------------------------------
 *
 * wanted.c
 *	  Lets writers store what fills could not.
 *
 * A key that is written all the time has a writer at it whenever it is read,
 * so a fill of it would lose for ever.  A fill that has lost leaves the key's
 * hash here; the next writer of that key installs its version although the
 * record is not resident, as a put does.  From then on the record is there
 * and is kept up to date.
 *
 * Structure: a small table by hash, one key per place.
 *
 * Concurrency: atomic reads and writes.  A hash that is overwritten, or
 * stays for ever, does no harm: what a writer installs is right in any case.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "segment/index/wanted.h"
#include "segment/memory/shared.h"

static inline pg_atomic_uint32 *
place_of(const TcProbe *probe)
{
	return &tc_seg.head->wanted[probe->hash % TC_WANTED];
}

/* What stands for the key; zero is an empty place. */
static inline uint32
mark_of(const TcProbe *probe)
{
	return probe->hash | 1;
}

void
tc_wanted_add(const TcProbe *probe)
{
	pg_atomic_write_u32(place_of(probe), mark_of(probe));
}

bool
tc_wanted_take(const TcProbe *probe)
{
	uint32 mark = mark_of(probe);

	/* writers pass here all the time, so they only read as a rule */
	return pg_atomic_read_u32(place_of(probe)) == mark &&
		pg_atomic_compare_exchange_u32(place_of(probe), &mark, 0);
}
