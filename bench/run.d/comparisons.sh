# The comparisons of the benchmark; to be sourced by bash after contestants.sh.
#
# Each is a function compare_NAME, which adds to $WORK/results or, where it is
# not a comparison of rates, a line to $WORK/notes.

# shellcheck disable=SC2154			# whoever sources this has set them

compare_point() {
	clients="1 2" comparison point get select constant nothing \
		redis_get memcached_get pgmemcache
	clients="2" comparison text get_text select_text
}

compare_batch() {
	clients="1 2" comparison batch get_many any_array \
		get_many_bigint any_array_bigint
	clients="1 2" comparison rows get_many_rows any_array_rows \
		get_many_text get_many_text_rows redis_pipeline redis_many \
		memcached_many
}

compare_scan() {
	clients="1 2" comparison scan scan index scan_bigint index_bigint
	clients="2" comparison scan_32 scan_32 index_32 scan_32_bigint \
		index_32_bigint scan_32_server index_32_server
}

compare_few() {
	clients="2" comparison few few.get few.select few.scan few.index \
		few.scan_32 few.index_32
}

compare_hot() {
	clients="2" comparison hot get_hot get_apart get_hot_single get_apart_single
}

# What one run has filled is evicted before the next.
compare_fill() {
	clients="2" comparison fill fill select
	ask "SELECT topcache.hydrate('million.records')" >/dev/null
}
before_fill() { ask "SELECT topcache.evict_all('million.records')" >/dev/null; }

# ---------------------------------------------------------------------------
# Joins
# ---------------------------------------------------------------------------

compare_join() {
	clients="1" comparison join join_scan join_index
	long_joins
}

# Statements that take a good part of a second, timed by a session.
long_joins() {
	local round name names=(scan index scan_free index_free)
	say "long joins: $rounds rounds"
	{
		echo "SET search_path = million;"
		for ((round = 0; round <= rounds; round++)); do
			for name in "${names[@]}"; do long_join "$name" "$round"; done
			names=("${names[@]:1}" "${names[0]}")
		done
	} >"$WORK/joins.sql"
	# the first round gets memory mapped
	cluster_psql -At -f "$WORK/joins.sql" | awk -v OFS='\t' '
		$1 == "joined" { name = $2; round = $3 }
		$1 == "Time:" && round > 0 {
			print "long_join", "long_join_" name, 1, round, 1e8 / $2 }' \
		>>"$WORK/results"
}

# Its plan is either a nested loop or what PostgreSQL thinks best.
long_join() {
	local scan=on loops=on setting
	case $1 in index*) scan=off ;; esac
	case $1 in *_free) loops=off ;; esac
	echo "SET topcache.transparent_scan = $scan;"
	for setting in hashjoin mergejoin memoize; do
		if [ $loops = on ]; then echo "SET enable_$setting = off;"
		else echo "RESET enable_$setting;"; fi
	done
	printf '%s\n' "\\echo joined $1 $2" '\timing on' \
		'SELECT count(value) FROM outers JOIN numbers USING (key);' \
		'\timing off'
}

# ---------------------------------------------------------------------------
# Writes
# ---------------------------------------------------------------------------

# With the disk, as for the durable ones.
compare_bulk() {
	local round name names=(plain ordered indexed warm)
	wait_for_disk on
	cluster_psql -f "$ROOT/bench/writes.d/load.sql"
	for ((round = 1; round <= rounds; round++)); do
		say "bulk: round $round of $rounds"
		for name in "${names[@]}"; do
			bulk_round "$name"
			awk -v OFS='\t' "BEGIN { print \"bulk\", \"bulk_$name\", 1, $round,
				$rows * 1000 / $bulk_ms }" >>"$WORK/results"
		done
		names=("${names[@]:1}" "${names[0]}")
	done
	wait_for_disk off
}

compare_write() {
	clients="1 2" comparison mix mix mix_loose
	clients="1 2" comparison write put upsert update_attached update_loose \
		upsert_unlogged redis_set
}

# The same with every commit on disk before it is acknowledged.
compare_durable() {
	wait_for_disk on
	peer_start redis-always "$((64 + records / 1024))"
	peer redis-always fill <"$WORK/objects"
	clients="2" comparison durable put_durable upsert_durable \
		update_attached_durable update_loose_durable redis-always_set
	peer_stop redis-always
	wait_for_disk off
}

wait_for_disk() {
	ask "ALTER SYSTEM SET fsync = $1"
	ask "CHECKPOINT"
	ask "SELECT pg_reload_conf()" >/dev/null
}
