-- Maps of every kind, as they are before an upgrade.
CREATE EXTENSION topcache;
SELECT topcache.create_map('made', ttl => '1 day', max_cost => 1000000);
SELECT count(topcache.put('made', g::text, to_jsonb(g))) FROM generate_series(1, 100) g;
CREATE TABLE orders (gone int, region text, id int, total numeric);
ALTER TABLE orders DROP COLUMN gone;
ALTER TABLE orders ADD PRIMARY KEY (region, id);
INSERT INTO orders SELECT 'eu', g, g FROM generate_series(1, 100) g;
SELECT topcache.attach('orders');
CREATE FOREIGN TABLE hot_orders (region text, id int, total numeric)
	SERVER topcache OPTIONS (relation 'public.orders');
CREATE FOREIGN TABLE presence (room text, id int)
	SERVER topcache OPTIONS (volatile 'true', key 'id', ttl '1 hour');
INSERT INTO presence VALUES ('lobby', 7);
