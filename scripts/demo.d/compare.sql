-- The time of a cached read beside the time of the same read from the table.
-- Both take turns, five rounds each, over the same keys, which are resident
-- and whose pages are in shared_buffers; the medians are shown.

CREATE TABLE hot AS
    SELECT key FROM document WHERE rank <= 2000 ORDER BY random();
ANALYZE hot;
SELECT count(topcache.get('documents', key)) FROM hot \g /dev/null

CREATE TABLE timing (place text, way text, us numeric);

CREATE FUNCTION loop_cache(keys text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    k text;
    v jsonb;
BEGIN
    FOREACH k IN ARRAY keys LOOP
        v := topcache.get('documents', k);
    END LOOP;
END
$$;
CREATE FUNCTION loop_table(keys text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    k text;
    v jsonb;
BEGIN
    FOREACH k IN ARRAY keys LOOP
        v := (SELECT d.value FROM documents d WHERE d.key = k);
    END LOOP;
END
$$;

-- each way to read all hot keys once, as a statement
CREATE TABLE ways (place text, way text, statement text);
INSERT INTO ways VALUES
    ('one statement per read, in PL/pgSQL', 'cache',
     'SELECT loop_cache(array_agg(key)) FROM hot'),
    ('one statement per read, in PL/pgSQL', 'table',
     'SELECT loop_table(array_agg(key)) FROM hot'),
    ('one statement for all', 'cache',
     'SELECT count(topcache.get(''documents'', key)) FROM hot'),
    ('one statement for all', 'table',
     'SELECT count((SELECT d.value FROM documents d WHERE d.key = h.key))
        FROM hot h');

DO $$
DECLARE
    started timestamptz;
    w record;
BEGIN
    FOR round IN 0 .. 5 LOOP
        FOR w IN SELECT * FROM ways LOOP
            started := clock_timestamp();
            FOR repeat IN 1 .. 5 LOOP
                EXECUTE w.statement;
            END LOOP;
            -- the first round warms up
            IF round > 0 THEN
                INSERT INTO timing VALUES (w.place, w.way,
                    extract(epoch FROM clock_timestamp() - started) * 1e6 /
                    (5 * (SELECT count(*) FROM hot)));
            END IF;
        END LOOP;
    END LOOP;
END
$$;

SELECT format('   %s %s us from the cache %s us from the table   x %s',
              rpad(place, 37), to_char(cache, '90.00'),
              to_char(from_table, '990.00'), to_char(from_table / cache, 'FM90.0'))
  FROM (SELECT place,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY us)
                   FILTER (WHERE way = 'cache') AS cache,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY us)
                   FILTER (WHERE way = 'table') AS from_table
          FROM timing GROUP BY place) AS medians
 ORDER BY place;
