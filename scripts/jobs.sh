# Work that goes on side by side; to be sourced by bash after server.sh.
#
#     job NAME COMMAND...		starts it as soon as a processor is free
#     jobs_end					waits for all that are still running
#
# A command is a function or a program; it runs in a process of its own and
# finds its own folder in $JOB, which belongs to the user of the servers.  What
# it prints goes to $JOB/output.  When it is over, `job_over NAME STATUS SECONDS`
# is called with $JOB set, and then the folder is removed, unless
# TOPCACHE_KEEP is set.  JOBS says how many run at once: as many as there are
# processors, by default.

declare -A job_pids=() job_began=()

job() {
	while [ ${#job_pids[@]} -ge "${JOBS:-$(nproc)}" ]; do job_await; done
	JOB=$WORK/$1
	mkdir "$JOB"
	if [ -n "$server_user" ]; then chown "$server_user" "$JOB"; fi
	start "${@:2}" </dev/null >"$JOB/output" 2>&1
	job_pids[$1]=$!
	job_began[$1]=$SECONDS
}

jobs_end() { while [ ${#job_pids[@]} -gt 0 ]; do job_await; done; }

# Wait until one is over, and see to all that are.
job_await() {
	local name pid status
	wait -n || true
	for name in "${!job_pids[@]}"; do
		pid=${job_pids[$name]}
		if kill -0 "$pid" 2>/dev/null; then continue; fi
		status=0
		wait "$pid" || status=$?
		unset "job_pids[$name]" "children[$pid]"
		JOB=$WORK/$name
		job_over "$name" "$status" $((SECONDS - ${job_began[$name]}))
		if [ -z "${TOPCACHE_KEEP:-}" ]; then rm -rf "$JOB"; fi
	done
}
