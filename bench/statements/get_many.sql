-- 1,000 records through topcache, consumed in the server
-- touches: @records
-- records: 1000
\set b random(1, 1000)
SELECT count(value) FROM topcache.get_many('records',
	(SELECT keys FROM batches WHERE id = :b));
