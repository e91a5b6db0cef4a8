-- 1,000 times the same record: all clients ask for one
-- warms: @records
-- records: 1000
\set k 1
SELECT count(topcache.get('records', :k::text)) FROM generate_series(1, 1000);
