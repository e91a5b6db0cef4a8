-- Settings: defaults, units, ranges, and when each may be changed.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;

SELECT name, boot_val, unit, vartype, context, min_val, max_val
FROM pg_settings WHERE name LIKE 'topcache.%' ORDER BY name COLLATE "C";
-- every one of them is explained
SELECT name FROM pg_settings
WHERE name LIKE 'topcache.%' AND coalesce(short_desc, '') !~ '\.$' ORDER BY name COLLATE "C";

-- below and above the range; refused before anything is written
ALTER SYSTEM SET topcache.size = '7MB';
ALTER SYSTEM SET topcache.size = '33GB';
ALTER SYSTEM SET topcache.size = 0;
ALTER SYSTEM SET topcache.max_maps = 0;
ALTER SYSTEM SET topcache.max_maps = 32769;
ALTER SYSTEM SET topcache.max_record_size = 0;
ALTER SYSTEM SET topcache.max_record_size = '9MB';
ALTER SYSTEM SET topcache.high_water = 0;
ALTER SYSTEM SET topcache.high_water = 101;
ALTER SYSTEM SET topcache.low_water = -1;
ALTER SYSTEM SET topcache.low_water = 101;
ALTER SYSTEM SET topcache.tick = 0;
ALTER SYSTEM SET topcache.tick = '9ms';
ALTER SYSTEM SET topcache.tick = '2h';
ALTER SYSTEM SET topcache.recency_resolution = -1;
ALTER SYSTEM SET topcache.recency_resolution = '2min';
ALTER SYSTEM SET topcache.max_msgpack_depth = 0;
ALTER SYSTEM SET topcache.max_msgpack_depth = 4097;

-- units that are none, values that are none
ALTER SYSTEM SET topcache.size = '128 pieces';
ALTER SYSTEM SET topcache.max_record_size = '1 s';
ALTER SYSTEM SET topcache.tick = '1MB';
ALTER SYSTEM SET topcache.recency_resolution = '5 fortnights';
ALTER SYSTEM SET topcache.max_maps = '1MB';
ALTER SYSTEM SET topcache.high_water = '95%';
ALTER SYSTEM SET topcache.max_msgpack_depth = 'deep';
ALTER SYSTEM SET topcache.enabled = 'maybe';
SELECT count(*) AS written FROM pg_file_settings
WHERE name LIKE 'topcache.%' AND sourcefile LIKE '%postgresql.auto.conf';

-- the segment is made at server start
SET topcache.size = '64MB';
SET topcache.max_maps = 10;
-- what all sessions share is changed for all sessions
SET topcache.max_record_size = '1MB';
SET topcache.high_water = 90;
SET topcache.low_water = 80;
SET topcache.tick = '1s';
SET topcache.recency_resolution = 0;
SET topcache.max_msgpack_depth = 10;
-- a session's own
SHOW topcache.enabled;
SET topcache.enabled = off;
SHOW topcache.enabled;
SET topcache.enabled = maybe;
SET topcache.enabled = 2;
RESET topcache.enabled;
SHOW topcache.enabled;
SET LOCAL topcache.enabled = off;
BEGIN;
SET LOCAL topcache.enabled = off;
SHOW topcache.enabled;
ROLLBACK;
SHOW topcache.enabled;

-- a name that is none
SET topcache.no_such_setting = 1;
SHOW topcache.no_such_setting;
