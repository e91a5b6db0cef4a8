-- one record through topcache
\set k random(1, :records)
SELECT topcache.get('records', :k);
