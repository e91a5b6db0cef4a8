-- one existing row written to a table that is no map
-- warms: plain
-- settings: synchronous_commit=off
\set k random(1, :records)
INSERT INTO plain (key, value) VALUES (:k, :record)
	ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value;
