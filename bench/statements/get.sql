-- one record through topcache
-- warms: @records
\set k random(1, :records)
SELECT topcache.get('records', :k);
