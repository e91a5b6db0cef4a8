-- the same record, a statement each: all clients ask for one
-- touches: @records
\set k 1
SELECT topcache.get('records', :k);
