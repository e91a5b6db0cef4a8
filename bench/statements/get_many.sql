-- 1,000 records through topcache, consumed in the server
-- warms: @records
-- records: 1000
\set b random(1, :batches)
SELECT count(value) FROM topcache.get_many('records',
	(SELECT keys FROM batches WHERE id = :b));
