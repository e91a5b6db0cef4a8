/*-------------------------------------------------------------------------
 *
 * peer_race.h
 *	  A contestant of the benchmark that speaks to a peer.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PEER_RACE_H
#define PEER_RACE_H

#include "peer_dialect.h"

/*
 * Does one kind of work until an alarm; the log gets, as from pgbench, a line
 * for each second with what was done in it, and the rest at the end.
 */
extern void race(const Dialect *dialect, const char *work, long records,
				 int value_bytes, const char *log_path);

#endif
