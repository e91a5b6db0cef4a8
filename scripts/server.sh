# A private PostgreSQL with topcache in it; to be sourced by bash.
#
#     . scripts/server.sh
#     server_open [test]
#
# makes a temporary folder, builds topcache, and puts a copy of the installed
# server with topcache added into the folder.  The installed server and its
# clusters are not touched, and neither root nor write access to it is needed:
# a PostgreSQL server finds its files relative to its own program, so that a
# copy of the programs among links to all the rest is a server of its own.
#
# After it:
#     ROOT        the source tree
#     WORK        the temporary folder; it belongs to the user below
#     PG_CONFIG   of the installed server: for building
#     BIN         the programs of the private server
#     PGXS_SRC    where pg_regress and the Perl modules for tests are
#     unprivileged COMMAND...
#                 runs a command as a user that PostgreSQL accepts: ourselves,
#                 or for root "postgres" or "nobody"
#     run COMMAND...
#                 the same command as it stands, but a signal that ends this
#                 script does not wait for it
#     start COMMAND...
#                 the same in the background
#
# However the script ends, servers whose data directory is in the folder are
# stopped and the folder is removed.  A function at_exit, if the script has
# one, is called after that with the exit status.  TOPCACHE_KEEP=1 keeps the
# folder.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
unset MAKEFLAGS MFLAGS MAKELEVEL CDPATH
# One language for messages, one encoding for everything.
export LC_ALL=C.UTF-8
umask 022

say() { echo "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

# ---------------------------------------------------------------------------
# Users and processes
# ---------------------------------------------------------------------------

# Who runs servers; empty for ourselves.
server_user=
if [ "$(id -u)" = 0 ]; then
	server_user=nobody
	if id postgres >/dev/null 2>&1; then server_user=postgres; fi
fi

unprivileged() {
	if [ -n "$server_user" ]; then
		setpriv --reuid="$server_user" --regid="$(id -g "$server_user")" \
			--init-groups env HOME="$WORK" "$@"
	else
		"$@"
	fi
}

# Children get a process group each, so that they can be ended as a whole.
declare -A children=()
start() {
	set -m
	"$@" <&0 &
	children[$!]=yes
	set +m
}

run() {
	local status=0 child
	start "$@"
	child=$!
	wait "$child" || status=$?
	unset "children[$child]"
	return $status
}

# They get time to clean up, since they may be scripts like this one.
end_children() {
	local child patience=600
	for child in "${!children[@]}"; do
		kill -TERM -- "-$child" 2>/dev/null
	done
	for child in "${!children[@]}"; do
		while kill -0 -- "-$child" 2>/dev/null && [ $((--patience)) -gt 0 ]
		do sleep 0.1; done
		kill -KILL -- "-$child" 2>/dev/null
	done
}

# The same, and what it prints goes to a file as well.
run_logged() {
	local log=$1
	shift
	run logged "$log" "$@"
}
logged() { "${@:2}" 2>&1 | tee "$1"; }

# ---------------------------------------------------------------------------
# The temporary folder
# ---------------------------------------------------------------------------

# Where the other user can go too, with a path short enough for sockets.
make_work() {
	local base
	for base in "${TMPDIR:-/tmp}" /tmp; do
		[ ${#base} -le 50 ] || continue
		WORK=$(mktemp -d "$base/tc.XXXXXX") || continue
		[ -z "$server_user" ] || chown "$server_user" "$WORK"
		if unprivileged test -w "$WORK"; then return; fi
		rmdir "$WORK"
	done
	WORK=
	die "cannot make a temporary folder"
}

# The processes that run a program of the folder, which is nobody else's.
processes() {
	local program
	for program in /proc/[0-9]*/exe; do
		case $(readlink "$program" 2>/dev/null) in
			"$WORK"/*) program=${program%/exe}; echo "${program#/proc/}" ;;
		esac
	done
}

# Every server that runs in the folder, by its data directory; then whatever
# was about to start one.
stop_servers() {
	local pid_file pids patience=100
	find "$WORK" -name postmaster.pid 2>/dev/null |
		while read -r pid_file; do
			unprivileged "$BIN/pg_ctl" stop -s -w -m immediate \
				-D "${pid_file%/*}" </dev/null >/dev/null 2>&1 || true
		done
	while mapfile -t pids < <(processes) && [ ${#pids[@]} -gt 0 ]; do
		if [ $((--patience)) -gt 0 ]; then kill -QUIT "${pids[@]}"
		else kill -KILL "${pids[@]}"; fi 2>/dev/null
		sleep 0.1
	done
}

clean_up() {
	local status=$?
	trap '' INT TERM HUP
	trap - EXIT
	set +e
	end_children
	if [ -n "$WORK" ]; then
		stop_servers
		if [ -n "${TOPCACHE_KEEP:-}" ]; then say "kept: $WORK"
		else rm -rf "$WORK"; fi
	fi
	if declare -F at_exit >/dev/null; then at_exit "$status"; fi
	exit "$status"
}
WORK=
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# ---------------------------------------------------------------------------
# Building, and the private server
# ---------------------------------------------------------------------------

# Build in the source tree if it is ours, otherwise in the folder; one at a
# time.
build() {
	local build=$ROOT lock
	if [ ! -O "$ROOT" ] || [ ! -w "$ROOT" ]; then
		build=$WORK/build
		mkdir "$build"
	fi
	exec {lock}<"$ROOT/Makefile"
	flock "$lock"
	run make -s -C "$build" -f "$ROOT/Makefile" -j"$(nproc)" \
		PG_CONFIG="$PG_CONFIG" all >&2 || die "could not build topcache"
	make -s -C "$build" -f "$ROOT/Makefile" PG_CONFIG="$PG_CONFIG" \
		DESTDIR="$WORK/server" install >&2 || die "could not install topcache"
	exec {lock}<&-
}

# Links in the private server to everything in a folder of the installed one.
link_all() {
	local target=$WORK/server$1
	mkdir -p "$target"
	find "$1" -mindepth 1 -maxdepth 1 -exec ln -s -t "$target" {} +
}

copy_server() {
	local bin lib share
	bin=$("$PG_CONFIG" --bindir)
	lib=$("$PG_CONFIG" --pkglibdir)
	share=$("$PG_CONFIG" --sharedir)
	BIN=$WORK/server$bin
	mkdir -p "$BIN"
	cp "$bin"/* "$BIN"
	link_all "$lib"
	link_all "$share"
	# topcache's files go among the links of this one
	rm "$WORK/server$share/extension"
	link_all "$share/extension"
	# an installed topcache is not the one to be run
	rm -f "$WORK/server$lib"/topcache.so \
		"$WORK/server$share/extension"/topcache[.-]*
	# a test may add versions of its own
	if [ -n "$server_user" ]; then
		chown "$server_user" "$WORK/server$share/extension"
	fi
	[ "$("$BIN/pg_config" --sharedir)" = "$WORK/server$share" ] ||
		die "this PostgreSQL cannot be moved: $bin"
}

server_open() {
	PG_CONFIG=$("$ROOT/scripts/setup" "$@")
	# shellcheck disable=SC2034		# for those who source this
	PGXS_SRC=$(dirname "$(dirname "$("$PG_CONFIG" --pgxs)")")
	export PG_CONFIG
	# set-up may just have made the user
	if [ "$(id -u)" = 0 ] && id postgres >/dev/null 2>&1; then
		server_user=postgres
	fi
	make_work
	copy_server
	build
}
