/*-------------------------------------------------------------------------
 *
 * inspect.c
 *	  What is known of one record, other than its value.
 *
 * Structure: the newest version is described as a walk would.
 *
 * Concurrency: under the partition's shared lock; it is as of now, whatever
 * the snapshot.
 *
 * Failure: a record that is not there is no error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cache/binding.h"
#include "cache/inspect.h"
#include "segment/index/walk.h"
#include "table/privileges.h"

bool
tc_inspect(TcMap *map, Oid user, const Datum *keys, TcRecordInfo *info)
{
	TcBytes key;
	TcProbe probe;
	TcWalkRecord entry;

	if (tc_privileges_policies_apply_to(map, user) || !tc_binding_acquire(map))
		return false;
	tc_binding_probe_key(&probe, map, keys, &key);
	if (!tc_walk_find(&probe, &entry) || entry.version.negative)
		return false;
	info->cost = entry.version.cost;
	info->bytes = entry.bytes;
	info->hits = entry.hits;
	info->dirty = entry.version.dirty;
	info->last_access = entry.last_access;
	info->expires = entry.version.expires;
	return true;
}
