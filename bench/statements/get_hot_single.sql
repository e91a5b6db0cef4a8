-- the same record, a statement each: all clients ask for one
-- warms: @records
\set k 1
SELECT topcache.get('records', :k);
