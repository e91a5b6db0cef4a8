-- 1,000 times the same record: each client asks for its own
-- warms: @records
-- records: 1000
\set k 1 + :client_id
SELECT count(topcache.get('records', :k::text)) FROM generate_series(1, 1000);
