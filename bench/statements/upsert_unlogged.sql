-- one existing row written to an unlogged table
-- warms: unlogged
-- settings: synchronous_commit=off
\set k random(1, :records)
INSERT INTO unlogged (key, value) VALUES (:k, :record)
	ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value;
