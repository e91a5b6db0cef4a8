-- one record that is not in the cache, which keeps it
-- warms: @records records
\set k random(1, :records)
SELECT topcache.get('records', :k);
