# What the benchmark measures beside rates: memory of a backend, the start of a
# server, huge pages; to be sourced by bash after contestants.sh.  What is found
# goes to $WORK/notes, a line of Markdown each.

# shellcheck disable=SC2154			# whoever sources this has set them

# Restart the cluster with other settings, each name=value.
restart_with() {
	local setting
	cluster_stop
	for setting in "$@"; do
		echo "${setting%%=*} = '${setting#*=}'"
	done >>"$PGDATA/postgresql.conf"
	cluster_start
}

# ---------------------------------------------------------------------------
# A backend
# ---------------------------------------------------------------------------

compare_backend() {
	say "memory of a backend"
	ask "SET search_path = million; SELECT topcache.hydrate('records')" \
		>/dev/null
	cluster_psql -At -f "$ROOT/bench/run.d/backend.sql" |
		sed 's/^/- private memory of a backend: /' >>"$WORK/notes"
}

# ---------------------------------------------------------------------------
# Starting a server
# ---------------------------------------------------------------------------

# Milliseconds until the server answers, with these settings.
start_ms() {
	local from
	cluster_stop
	printf '%s\n' "$@" >>"$PGDATA/postgresql.conf"
	from=${EPOCHREALTIME/./}
	cluster_start
	until "$BIN/pg_isready" -q; do :; done
	echo $(((${EPOCHREALTIME/./} - from) / 1000))
}

compare_start() {
	local round without=() with=()
	for round in 1 2 3; do
		say "starting servers: round $round of 3"
		without+=("$(start_ms "shared_preload_libraries = ''")")
		with+=("$(start_ms "shared_preload_libraries = 'topcache'" \
			"topcache.size = 8GB")")
	done
	restart_with "topcache.size=${segment_megabytes}MB"
	echo "- start of the server, three times each: without topcache" \
		"${without[*]} ms; with a segment of 8 GB ${with[*]} ms" \
		"(asked for: under 2,000 ms more)" >>"$WORK/notes"
}

# ---------------------------------------------------------------------------
# Huge pages
# ---------------------------------------------------------------------------

huge_knob=/proc/sys/vm/nr_hugepages
huge_before=''

huge_pages_restore() {
	[ -z "$huge_before" ] || echo "$huge_before" >$huge_knob
	huge_before=''
}

# As many more as the server says it needs; says why not if that is so.
huge_pages_reserve() {
	local needed
	[ -w $huge_knob ] ||
		{ echo "$huge_knob cannot be written"; return 1; }
	cluster_stop
	needed=$(unprivileged "$BIN/postgres" -C shared_memory_size_in_huge_pages \
		-D "$PGDATA")
	cluster_start
	huge_before=$(<$huge_knob)
	echo $((huge_before + needed + 8)) >$huge_knob
	[ "$(<$huge_knob)" -ge $((huge_before + needed)) ] || {
		echo "the kernel gave $(<$huge_knob) of $((huge_before + needed)) pages"
		return 1
	}
}

# Until the worker has moved all that it is to move, if the kernel can.
wait_for_huge_pages() {
	for _ in {1..100}; do
		[ "$(ask 'SELECT pending FROM topcache.huge_pages()')" != 0 ] || break
		run sleep 0.5
	done
}

# The server is restarted for each, and has to be filled anew: without huge
# pages, with those that topcache moves to by itself, and with reserved ones.
compare_huge() {
	local state states=(off try on)
	for _ in 1 2; do
		for state in "${states[@]}"; do
			if [ "$state" = on ] && ! huge_pages_reserve >"$WORK/huge"; then
				huge_pages_restore
				echo "- huge pages reserved: not measured, $(<"$WORK/huge")" \
					>>"$WORK/notes"
				states=(off try)
				continue
			fi
			restart_with "huge_pages=$state"
			ask "SELECT topcache.hydrate('million.records')" >/dev/null
			wait_for_huge_pages
			clients="2" comparison "huge_$state" get select get_many any_array
			if [ "$state" = on ]; then
				restart_with huge_pages=off
				huge_pages_restore
			fi
		done
	done
	# one comparison, whose rounds are those of both passes
	awk -F '\t' -v OFS='\t' '
		sub(/^huge_/, "", $1) {
			$2 = $1 "." $2; $1 = "huge"; $4 = ++round[$2, $3] }
		{ print }' "$WORK/results" >"$WORK/merged"
	mv "$WORK/merged" "$WORK/results"
}
