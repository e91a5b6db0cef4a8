-- 1,000 records through topcache, consumed in the server
-- warms: @pairs
-- records: 1000
\set b random(1, :batches)
SELECT count(value) FROM topcache.get_many('pairs',
	(SELECT numbers FROM batches WHERE id = :b));
