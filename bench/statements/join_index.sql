-- 1,000 outer rows looked up by their random keys, in the index
-- warms: numbers
-- settings: topcache.transparent_scan=off enable_hashjoin=off enable_mergejoin=off enable_memoize=off
-- records: 1000
\set s random(1, 99000)
SELECT count(value) FROM (
	SELECT key FROM outers WHERE id BETWEEN :s AND :s + 999) AS picked
	JOIN numbers USING (key);
