# Rounds of a comparison of bulk writes; to be sourced by bash after
# scripts/cluster.sh.  The procedures of load.sql must be there, and $rows be
# the number of rows.

# shellcheck disable=SC2154			# whoever sources this has set them

ask() { cluster_psql -At -c "$1"; }

# How many records must be resident before and after a contestant's run?
check_resident() {
	local name=$1 found=$2 expected=0
	case $name in warm*) expected=$rows ;; esac
	[ "$found" = "$expected" ] ||
		die "$name: $found records are resident, not $expected"
}

# One UPDATE of all rows of a table that is made for it, with its commit; what
# it took is in bulk_ms and bulk_cpu_ms.
# shellcheck disable=SC2034			# for those who source this
bulk_round() {
	local name=$1 output
	output=$(cluster_psql -v "name=$name" -v "rows=$rows" \
		-f "$ROOT/bench/writes.d/bulk.sql")
	check_resident "$name" "$(sed -n 's/^resident //p' <<<"$output")"
	[ "$(ask "SELECT count(*)
		FROM topcache.maps m, LATERAL topcache.verify(m.relation)
		WHERE m.relation = to_regclass('$name')")" = 0 ] ||
		die "verify() is not content"
	bulk_ms=$(sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' <<<"$output")
	bulk_cpu_ms=$(sed -n 's/^cpu //p' <<<"$output")
	ask "DROP TABLE $name"
}
