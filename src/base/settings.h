/*
 * settings.h
 *	  The settings of topcache, as the server has them now.
 */
#ifndef TC_SETTINGS_H
#define TC_SETTINGS_H

/* Limits of the segment's size; the arena addresses 32 GB in 8-byte units. */
#define TC_MIN_SIZE_MB 8
#define TC_MAX_SIZE_MB (32 * 1024)

/* The longest record the segment's record header can describe. */
#define TC_MAX_RECORD_KB (8 * 1024)

/* Which record is evicted. */
typedef enum TcPolicy
{
	TC_POLICY_LRU,	 /* the one that was not used for longest */
	TC_POLICY_S3FIFO /* one that was not used again since it came */
} TcPolicy;

/* Set at server start. */
extern int tc_policy;
extern int tc_size_mb;
extern int tc_max_maps;

/* Changed by a reload. */
extern int tc_max_record_size_kb;
extern int tc_high_water_percent;
extern int tc_low_water_percent;
extern int tc_tick_ms;
extern int tc_recency_resolution_ms;
extern int tc_max_msgpack_depth;
extern bool tc_autowarm;
extern int tc_autowarm_interval_s;

/* Changed by a session. */
extern bool tc_enabled;
extern bool tc_transparent_scan;

extern void tc_settings_init(void);

#endif /* TC_SETTINGS_H */
