-- Transactions: what is dirty while they run, after COMMIT, after ROLLBACK.

CREATE VIEW dirty AS
    SELECT dirty_records FROM topcache.maps
     WHERE relation = 'documents'::regclass;

-- a key that all of them write, and what it says
SELECT key AS hot FROM document WHERE rank = 1 \gset

BEGIN;
SELECT count(topcache.put('documents', key, value || '{"edition": 2}'))
  FROM document WHERE rank <= 500 \g /dev/null
SELECT line('put 500 records: dirty', dirty_records) FROM dirty;
SAVEPOINT before_more;
SELECT count(topcache.put('documents', key, value || '{"edition": 3}'))
  FROM document WHERE rank <= 1000 \g /dev/null
SELECT line('put 1,000, half of them again: dirty', dirty_records) FROM dirty;
ROLLBACK TO before_more;
SELECT line('ROLLBACK TO SAVEPOINT: dirty', dirty_records) FROM dirty;
SELECT line('  and the hot key reads edition',
            topcache.get('documents', :'hot') ->> 'edition');
COMMIT;
SELECT line('COMMIT: dirty', dirty_records) FROM dirty;

BEGIN;
SELECT count(topcache.put('documents', key, value || '{"edition": 4}'))
  FROM document WHERE rank <= 300 \g /dev/null
SELECT count(topcache.remove('documents', key))
  FROM document WHERE rank BETWEEN 301 AND 400 \g /dev/null
SELECT line('put 300, remove 100: dirty', dirty_records) FROM dirty;
ROLLBACK;
SELECT line('ROLLBACK: dirty', dirty_records) FROM dirty;
SELECT line('  and the hot key reads edition',
            topcache.get('documents', :'hot') ->> 'edition');

BEGIN;
UPDATE documents SET value = value || '{"edition": 5}'
 WHERE key IN (SELECT key FROM document WHERE rank <= 200);
SELECT line('a plain UPDATE of 200 rows: dirty', dirty_records) FROM dirty;
COMMIT;
SELECT line('COMMIT: dirty', dirty_records) FROM dirty;
SELECT line('  and the hot key reads edition',
            topcache.get('documents', :'hot') ->> 'edition');

DROP VIEW dirty;
