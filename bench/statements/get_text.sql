-- one record of text through topcache
-- warms: @texts
\set k random(1, :records)
SELECT topcache.get_text('texts', :k);
