-- The tables of the benchmark of growth.
\pset format unaligned
\pset tuples_only on
\pset fieldsep ' | '

\echo '| records | µs a put | the same without topcache | ratio | worst put, ms | worst without topcache, ms | index, bytes a record | header, bytes a record |'
\echo '| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |'
SELECT '| ' || to_char(records, 'FM999,999,999'), round(put_us::numeric, 1),
	   round(plain_us::numeric, 1), round((put_us / plain_us)::numeric, 2),
	   round(worst_us::numeric / 1000, 1),
	   round(plain_worst_us::numeric / 1000, 1),
	   round(1.0 * index_bytes / records, 1),
	   round(1.0 * header_bytes / records, 1) || ' |'
  FROM steps ORDER BY id;

\echo
\echo '| resident records | ns a look-up, median | fastest | slowest |'
\echo '| ---: | ---: | ---: | ---: |'
SELECT '| ' || to_char(records, 'FM999,999,999'),
	   round(percentile_cont(0.5) WITHIN GROUP (ORDER BY get_ns - none_ns)),
	   round(min(get_ns - none_ns)), round(max(get_ns - none_ns)) || ' |'
  FROM lookups GROUP BY records ORDER BY records;
