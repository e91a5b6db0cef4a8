-- How much was served, for a comparison of nothing would say nothing; and what
-- verify() finds wrong.  Counts of tables that were dropped are not among it.
SELECT count(*), 'maps,', sum(hits), 'hits,', sum(misses), 'misses,',
	sum(bypasses), 'bypasses,',
	(SELECT count(*) FROM topcache.maps m, topcache.verify(m.relation)
	 WHERE m.state = 'active'), 'wrong records'
FROM topcache.stats;
