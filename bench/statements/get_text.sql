-- one record of text through topcache
-- touches: @texts
\set k random(1, :records)
SELECT topcache.get_text('texts', :k);
