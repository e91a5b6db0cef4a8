-- 1,000 records through topcache, sent to the client
-- warms: @records
-- records: 1000
\set b random(1, :batches)
SELECT value FROM topcache.get_many('records',
	(SELECT keys FROM batches WHERE id = :b));
