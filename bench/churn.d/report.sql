-- The table of the benchmark of churn.  Utilisation is payload by the size of
-- the segment.
\pset format unaligned
\pset tuples_only on
\pset fieldsep ' | '

\echo '| phase | objects | put, MB | utilisation: first | last | free | slack | µs a put, median | slowest slice | worst put, ms | not kept |'
\echo '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |'

WITH segment AS (SELECT sum(bytes) AS size FROM topcache.memory),
	by_phase AS (
		SELECT min(id) AS first, max(id) AS last, phase, kind,
			   sum(put_bytes) AS put_bytes,
			   percentile_cont(0.5) WITHIN GROUP (ORDER BY put_us) AS put_us,
			   max(put_us) AS slowest_us, max(worst_us) AS worst_us,
			   max(not_resident) - coalesce((SELECT max(not_resident)
					FROM samples b WHERE b.id < min(s.id)), 0) AS not_kept
		  FROM samples s GROUP BY phase, kind)
SELECT '| ' || p.phase, p.kind, round(p.put_bytes / 1048576.0),
	   round(100.0 * f.payload / size, 1) || ' %',
	   '**' || round(100.0 * l.payload / size, 1) || ' %**',
	   round(100.0 * l.free / size, 1) || ' %',
	   round(100.0 * l.slack / size, 1) || ' %',
	   round(p.put_us::numeric, 1), round(p.slowest_us::numeric, 1),
	   round(p.worst_us::numeric / 1000, 1), p.not_kept || ' |'
  FROM by_phase p, segment,
	   LATERAL (SELECT * FROM samples WHERE id = p.first) f,
	   LATERAL (SELECT * FROM samples WHERE id = p.last) l
 ORDER BY p.first;
