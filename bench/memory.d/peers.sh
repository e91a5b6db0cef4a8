# redis-server and memcached beside topcache; to be sourced by bash after
# scripts/cluster.sh.
#
#     peers_open                   installs what is missing, builds the client
#     peer_start redis 64          a server with a limit of 64 MB
#     peer redis fill <objects     see peer.c
#     peer_stop redis
#
# Servers listen on a socket in the temporary folder, nowhere else, and are
# stopped by their process ids; whoever sources this calls peers_stop in
# at_exit.  peer_start must not run in a subshell, where its process id would
# be lost.

peer_folder=$(dirname "${BASH_SOURCE[0]}")
peer_packages=(redis-server memcached)

# ---------------------------------------------------------------------------
# Installing
# ---------------------------------------------------------------------------

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Packages of servers start them, unless a policy forbids it.
policy=/usr/sbin/policy-rc.d
install_peers() {
	local made='' status=0
	command -v apt-get >/dev/null ||
		die "please install (there is no apt-get here): $*"
	say "installing what is missing: $*"
	if ! [ -e $policy ]; then
		made=yes
		printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
		as_root chmod 755 $policy
	fi
	as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 sh -c "
		apt-get -q update &&
		apt-get -q -y -o DPkg::Lock::Timeout=300 \
			install --no-install-recommends $*" >&2 || status=$?
	[ -z "$made" ] || as_root rm -f $policy
	[ $status = 0 ] || die "could not install: $*"
}

peers_open() {
	local program missing=()
	for program in "${peer_packages[@]}"; do
		command -v "$program" >/dev/null || missing+=("$program")
	done
	[ ${#missing[@]} = 0 ] || install_peers "${missing[@]}"
	gcc -O2 -o "$WORK/peer" "$peer_folder/peer.c" ||
		die "could not build the client"
}

# ---------------------------------------------------------------------------
# Running
# ---------------------------------------------------------------------------

declare -A peer_pids

peer() { run "$WORK/peer" "$1" "$WORK/$1.sock" "$2"; }

# Which one, and its limit of memory in MB.
peer_start() {
	local name=$1 megabytes=$2 command
	case $name in
		redis) command=(redis-server --port 0 --unixsocket "$WORK/redis.sock"
			--save '' --appendonly no --dir "$WORK"
			--maxmemory "${megabytes}mb" --maxmemory-policy allkeys-lru) ;;
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
	until "$WORK/peer" "$name" "$WORK/$name.sock" ping 2>/dev/null; do
		kill -0 "${peer_pids[$name]}" 2>/dev/null ||
			{ cat "$WORK/$name.log" >&2; die "could not start $name"; }
		sleep 0.1
	done
}

peer_stop() {
	kill "${peer_pids[$1]}" 2>/dev/null || true
	wait "${peer_pids[$1]}" 2>/dev/null || true
	if "$WORK/peer" "$1" "$WORK/$1.sock" ping 2>/dev/null; then
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
