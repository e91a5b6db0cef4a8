# redis-server and memcached beside topcache; to be sourced by bash after
# scripts/cluster.sh.
#
#     server_open peers            installs what is missing, and
#     peers_open                   builds the client
#     peer_start redis 64          a server with a limit of 64 MB
#     peer_start redis-always 64   the same, every write flushed to disk
#     peer redis fill <objects     see peer.c
#     peer_stop redis
#
# Servers listen on a socket in the temporary folder, nowhere else, and are
# stopped by their process ids; whoever sources this calls peers_stop in
# at_exit.  peer_start must not run in a subshell, where its process id would
# be lost.

peer_folder=$(dirname "${BASH_SOURCE[0]}")
peers_open() {
	gcc -O2 -o "$WORK/peer" "$peer_folder"/peer*.c ||
		die "could not build the client"
}

# ---------------------------------------------------------------------------
# Running
# ---------------------------------------------------------------------------

declare -A peer_pids

# What it speaks, by the name of a server.
peer_dialect() { echo "${1%%-*}"; }

peer() { run "$WORK/peer" "$(peer_dialect "$1")" "$WORK/$1.sock" "${@:2}"; }

peer_answers() {
	"$WORK/peer" "$(peer_dialect "$1")" "$WORK/$1.sock" ping 2>/dev/null
}

# Which one, and its limit of memory in MB.
peer_start() {
	local name=$1 megabytes=$2 command
	case $name in
		redis*) command=(redis-server --port 0 --unixsocket "$WORK/$name.sock"
			--save '' --appendonly no --dir "$WORK"
			--maxmemory "${megabytes}mb" --maxmemory-policy allkeys-lru) ;;&
		redis-always) command+=(--appendonly yes --appendfsync always) ;;
		memcached) command=(memcached -s "$WORK/memcached.sock" -a 0777
			-m "$megabytes") ;;
	esac
	# started without a function in between, whose own process $! would be
	if [ -n "$server_user" ]; then
		command=(setpriv "--reuid=$server_user"
			"--regid=$(id -g "$server_user")" --init-groups "${command[@]}")
	fi
	"${command[@]}" >"$WORK/$name.log" 2>&1 &
	peer_pids[$name]=$!
	until peer_answers "$name"; do
		kill -0 "${peer_pids[$name]}" 2>/dev/null ||
			{ cat "$WORK/$name.log" >&2; die "could not start $name"; }
		sleep 0.1
	done
}

peer_stop() {
	kill "${peer_pids[$1]}" 2>/dev/null || true
	wait "${peer_pids[$1]}" 2>/dev/null || true
	if peer_answers "$1"; then
		say "$1 is still there after it was stopped"
	fi
	unset "peer_pids[$1]"
	rm -f "$WORK/$1.sock"
}

peers_stop() {
	local name
	for name in "${!peer_pids[@]}"; do peer_stop "$name"; done
}

# What they call themselves.
peer_versions() {
	echo "$(redis-server --version | sed 's/.* v=\([^ ]*\).*/Redis \1/')," \
		"$(memcached --version)"
}
