-- A little of everything that is counted.
CREATE EXTENSION topcache;
CREATE ROLE monitor LOGIN IN ROLE pg_monitor;
SELECT topcache.create_map('sessions'), topcache.create_map('orders');
SELECT count(topcache.put('sessions', g::text, '{"user": 7}'))
  FROM generate_series(1, 100) g;
SELECT count(topcache.get('sessions', g::text)) FROM generate_series(1, 120) g;
SELECT topcache.remove('sessions', '1'), topcache.evict('sessions', '2');
