# A private cluster on the private server; to be sourced by bash.
#
#     . scripts/cluster.sh
#     server_open
#     cluster_init topcache.size=16MB fsync=off
#     cluster_start
#     cluster_psql -c 'SELECT 1'
#     cluster_stop
#
# The cluster preloads topcache and listens on a socket in the temporary
# folder, nowhere else.  cluster_init exports PGHOST, PGPORT, PGUSER and
# PGDATABASE, so that every client finds it.  It ends with the script.

# shellcheck source=scripts/server.sh
. "$(dirname "${BASH_SOURCE[0]}")/server.sh"

# Make the cluster; every argument is a setting, name=value.
cluster_init() {
	local setting
	PGDATA=$WORK/data
	export PGHOST=$WORK PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
	unset PGHOSTADDR PGSERVICE PGPASSWORD PGOPTIONS
	unprivileged "$BIN/initdb" -D "$PGDATA" -U "$PGUSER" -A trust \
		-E UTF8 --no-locale --no-sync >"$WORK/initdb.log" 2>&1 ||
		{ cat "$WORK/initdb.log" >&2; die "could not make a cluster"; }
	for setting in "shared_preload_libraries=topcache" \
		"listen_addresses=" "unix_socket_directories=$WORK" "$@"; do
		echo "${setting%%=*} = '${setting#*=}'"
	done >>"$PGDATA/postgresql.conf"
}

cluster_start() {
	unprivileged "$BIN/pg_ctl" start -s -w -D "$PGDATA" -l "$WORK/log" ||
		{ cat "$WORK/log" >&2; die "could not start the cluster"; }
}

# Stop it: smart, fast (the default) or immediate.
cluster_stop() {
	unprivileged "$BIN/pg_ctl" stop -s -w -m "${1:-fast}" -D "$PGDATA"
}

# psql as the cluster's superuser; the first error ends it.
cluster_psql() {
	run "$BIN/psql" -X -q -v ON_ERROR_STOP=1 "$@"
}
