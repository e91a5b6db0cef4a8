-- the same record, a statement each: each client asks for its own
-- warms: @records
\set k 1 + :client_id
SELECT topcache.get('records', :k);
