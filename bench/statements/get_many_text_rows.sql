-- 1,000 records of text through topcache, sent to the client
-- warms: @texts
-- records: 1000
\set b random(1, :batches)
SELECT value FROM topcache.get_many_text('texts',
	(SELECT keys FROM batches WHERE id = :b));
