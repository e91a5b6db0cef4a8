# Contestants that run in rounds; to be sourced by bash after
# scripts/cluster.sh and memory.d/peers.sh.
#
#     clients="1 2" comparison point get select redis_get few.get
#
# lets contestants do their work over and over, for $seconds each in every
# round, in another order each round, and adds to $WORK/results lines of
# comparison, contestant, clients, round and records per second.
#
# A contestant is a statement of the folder statements/, which pgbench prepares
# and runs, or what peer.c does with a peer.  "few.get" runs in the schema few
# and "get" in $field.  A statement's file says what else there is to know of it:
#
#     -- settings: NAME=VALUE...   of its sessions
#     -- warms: NAME...            tables that are read before the first round,
#                                  and as "@NAME" records of maps
#     -- records: N                what it reads or writes, if not one
#     -- keys: N                   so many random keys stand for :keys
#
# Its connections stay open from the first round to the last, and its clients
# are stopped while others run: a new process would spend its first
# seconds on getting every page of shared memory mapped.
#
# A function before_NAME is called before each run of the contestant NAME.
# Whoever sources this calls contestants_stop in at_exit.

# shellcheck disable=SC2154			# whoever sources this has set them

declare -A process_ids			# of contestants
declare -A record_count			# that a statement is about
declare -A last_second			# of its last run

# What a statement's file says of itself.
said_of() { sed -n "s/^-- $2: //p" "$ROOT/bench/statements/$1.sql"; }

# A statement as pgbench reads it.
statement_text() {
	local keys key list=''
	keys=$(said_of "$1" keys)
	for ((key = 1; key <= ${keys:-0}; key++)); do
		echo "\\set k$key random(1, :records)"
		list+=${list:+, }:k$key
	done
	sed "s/:keys/$list/" "$ROOT/bench/statements/$1.sql"
}

# The schema that a contestant runs in, and the number of records there.
field_of() {
	case $1 in *.*) echo "${1%%.*}" ;; *) echo "$field" ;; esac
}

# What the server is to know of a contestant's sessions.
options_of() {
	local setting
	echo "-c search_path=$(field_of "$1"),public"
	for setting in $(said_of "${1#*.}" settings); do echo "-c $setting"; done
}

contestants_stop() {
	local pids
	for pids in "${process_ids[@]}"; do
		# shellcheck disable=SC2086		# several
		kill -KILL $pids 2>/dev/null
	done
	return 0
}

failed() {
	cat "$WORK/out.$1" >&2
	die "$1 failed"
}

# shellcheck disable=SC2086			# several
signal() { kill "-$1" ${process_ids[$2]}; }

# ---------------------------------------------------------------------------
# Coming and going
# ---------------------------------------------------------------------------

enter_statement() {
	local name=$1 clients=$2 statement=${1#*.} contestant=$1.$2 there
	there=${records_in[$(field_of "$name")]}
	record_count[$name]=$(said_of "$statement" records)
	{
		printf '\\if :cold\nSELECT warm_up(%s);\n\\set cold 0\n\\endif\n' \
			"string_to_array('$(said_of "$statement" warms)', ' ')"
		statement_text "$statement"
	} >"$WORK/$name.sql"
	PGAPPNAME="$name $clients" PGOPTIONS=$(options_of "$name" | tr '\n' ' ') \
		"$BIN/pgbench" -n -M prepared -T 100000 -c "$clients" -j "$clients" \
		-D cold=1 -D "records=$there" -D "batches=$((there / 1000))" \
		-D "record=$record" -f "$WORK/$name.sql" \
		-l --aggregate-interval=1 --log-prefix="$WORK/log.$contestant" \
		>"$WORK/out.$contestant" 2>&1 &
	process_ids[$contestant]=$!
	until [ "$(ask "SELECT count(*) FROM pg_stat_activity
		WHERE application_name = '$name $clients'
		  AND query <> '' AND query !~ 'warm_up'")" = "$clients" ]; do
		kill -0 "${process_ids[$contestant]}" 2>/dev/null || failed "$contestant"
		sleep 0.05
	done
}

# A peer's client has one connection: there are as many as there are clients.
enter_peer() {
	local name=$1 clients=$2 contestant=$1.$2 client
	record_count[$name]=1
	case $name in *_pipeline | *_many) record_count[$name]=100 ;; esac
	process_ids[$contestant]=
	for ((client = 1; client <= clients; client++)); do
		"$WORK/peer" "$(peer_dialect "${name%_*}")" "$WORK/${name%_*}.sock" \
			race "${name##*_}" "${records_in[$field]}" "$record_text_bytes" \
			"$WORK/log.$contestant.$client" >>"$WORK/out.$contestant" 2>&1 &
		process_ids[$contestant]+=" $!"
	done
	sleep 0.05
}

# Start a contestant, let it get all memory mapped, and stop it.
enter() {
	case $1 in
		redis*_* | memcached_*) enter_peer "$@" ;;
		*) enter_statement "$@" ;;
	esac
	last_second[$1.$2]=$EPOCHSECONDS
	signal STOP "$1.$2" 2>/dev/null || failed "$1.$2"
}

# An early alarm is an orderly end.  What was done in the last second of a run
# gets into the log when something is done in a later one.
leave() {
	local contestant=$1.$2 pid
	signal CONT "$contestant"
	sleep 0.02
	signal ALRM "$contestant" 2>/dev/null || failed "$contestant"
	for pid in ${process_ids[$contestant]}; do
		# that it was stopped also ends a wait
		while kill -0 "$pid" 2>/dev/null; do wait "$pid" || true; done
	done
	unset "process_ids[$contestant]"
	ended_well "$contestant" || failed "$contestant"
}

# pgbench ends with a summary, a peer's client without a word.
ended_well() {
	if [ -s "$WORK/out.$1" ]; then grep -q '^tps = ' "$WORK/out.$1"
	else [ -e "$WORK/log.$1.1" ]; fi
}

# ---------------------------------------------------------------------------
# Comparisons
# ---------------------------------------------------------------------------

# Let it run, and keep for the count when it did.  Never twice in a second.
run_contestant() {
	local round=$1 clients=$2 name=$3 contestant=$3.$2 from
	if declare -F "before_$name" >/dev/null; then "before_$name"; fi
	while [ "$EPOCHSECONDS" = "${last_second[$contestant]}" ]; do sleep 0.02; done
	from=$EPOCHREALTIME
	signal CONT "$contestant" 2>/dev/null || failed "$contestant"
	run sleep "$seconds"
	signal STOP "$contestant" 2>/dev/null || failed "$contestant"
	last_second[$contestant]=$EPOCHSECONDS
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$name" "$clients" "$round" \
		"${record_count[$name]:-1}" "$from" "$EPOCHREALTIME" >>"$WORK/runs"
}

# Those that are there: what needs a peer that is not, stays away.
attending() {
	local name
	for name in "$@"; do
		case " $absent " in *" ${name%%_*} "*) ;; *) echo "$name" ;; esac
	done
}

# A comparison: all contestants in every round, each round in another order.
comparison() {
	local title=$1 round count name now
	shift
	mapfile -t names < <(attending "$@")
	: >"$WORK/runs"
	say "$title: getting ready"
	for count in $clients; do
		for name in "${names[@]}"; do enter "$name" "$count"; done
	done
	for ((round = 1; round <= rounds; round++)); do
		say "$title: round $round of $rounds"
		for count in $clients; do
			for name in "${names[@]}"; do
				run_contestant "$round" "$count" "$name"
			done
		done
		names=("${names[@]:1}" "${names[0]}")
	done
	now=$EPOCHSECONDS
	while [ "$EPOCHSECONDS" = "$now" ]; do sleep 0.02; done
	for count in $clients; do
		for name in "${names[@]}"; do leave "$name" "$count"; done
	done
	"$ROOT/bench/run.d/count" "$WORK" <"$WORK/runs" |
		sed "s/^/$title\t/" >>"$WORK/results"
	rm "$WORK"/log.*
}
