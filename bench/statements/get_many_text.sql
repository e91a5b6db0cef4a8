-- 1,000 records of text through topcache, consumed in the server
-- warms: @texts
-- records: 1000
\set b random(1, :batches)
SELECT count(value) FROM topcache.get_many_text('texts',
	(SELECT keys FROM batches WHERE id = :b));
