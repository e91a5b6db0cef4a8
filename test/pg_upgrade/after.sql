-- They are maps, right, and written through.
SELECT relation, state, key_columns, value_column, ttl, max_cost, durable
  FROM topcache.maps ORDER BY relation::text;
SELECT count(*) FILTER (WHERE topcache.get('made', key) IS DISTINCT FROM value), count(*)
  FROM made;
SELECT count(*) FILTER (WHERE topcache.fetch(NULL::orders, ROW(region, id)) IS DISTINCT FROM o),
	   count(*)
  FROM orders o;
UPDATE orders SET total = -1 WHERE id = 5;
UPDATE hot_orders SET total = -2 WHERE region = 'eu' AND id = 6;
DELETE FROM made WHERE key = '5';
SELECT topcache.put('made', '6', '"new"') IS NOT NULL;
SELECT (topcache.fetch(NULL::orders, ROW('eu', 5))).total,
	   (SELECT total FROM hot_orders WHERE region = 'eu' AND id = 6),
	   topcache.get('made', '5') IS NULL, topcache.get('made', '6');
SELECT count(*) FROM presence;
INSERT INTO presence VALUES ('hall', 8);
SELECT topcache.get('presence', 8);
SELECT count(*) FROM topcache.verify('made');
SELECT count(*) FROM topcache.verify('orders');
