-- MessagePack is UTF-8 outside, whatever the database's encoding is.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
DROP DATABASE IF EXISTS tc_latin1;
DROP DATABASE IF EXISTS tc_ascii;
RESET client_min_messages;
\set SHOW_CONTEXT never
SELECT current_database() AS here \gset
CREATE DATABASE tc_latin1 TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C';
CREATE DATABASE tc_ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C';

\c tc_latin1
SET client_encoding = 'UTF8';
CREATE EXTENSION topcache;
SELECT topcache.create_map('docs'), topcache.create_map('texts', value_type => 'text');
SELECT topcache.put('docs', 'clé', '{"é": ["ü", 1, null]}'), topcache.put_text('texts', 'clé', 'ü');
SELECT topcache.get_msgpack('docs', 'clé'), topcache.get_msgpack('texts', 'clé'),
	topcache.from_msgpack('\x81a2c3a993a2c3bc01c0');
SELECT topcache.put_msgpack('docs', 'clé', '\x81a2c3a9a2c39f'), topcache.put_msgpack('texts', 'clé', '\xa2c39f');
SELECT d.value, t.value, octet_length(t.value) AS bytes FROM docs d, texts t;
-- characters that the database has not, and bytes that are no characters
SELECT topcache.put_msgpack('docs', 'clé', '\xa3e282ac');
SELECT topcache.put_msgpack('texts', 'clé', '\xa3e282ac');
SELECT topcache.put_msgpack('texts', 'clé', '\xa1e9');
SELECT topcache.put_msgpack('docs', 'clé', '\x9201a1e9');
SELECT topcache.put_msgpack('docs', 'clé', '\xa100');
-- rows, by the names of their columns and by their values
CREATE TYPE size AS ENUM ('groß', 'klein');
CREATE TABLE rows (id int PRIMARY KEY, "größe" size, name text, doc jsonb, note json, short varchar(3), names text[]);
SELECT topcache.attach('rows');
INSERT INTO rows VALUES (1, 'groß', 'né', '{"é": "ü"}', '"à"', 'äöü', '{å,"ø æ"}'), (2, NULL, '', 'null', 'null', '', '{}');
CREATE TABLE kept AS SELECT * FROM rows;
CREATE TABLE got AS SELECT id, topcache.get_msgpack('rows', id) AS data FROM rows;
SELECT * FROM got ORDER BY id;
DELETE FROM rows;
SELECT topcache.put_msgpack('rows', id, data) FROM got;
SELECT r *= k AS same FROM rows r JOIN kept k USING (id);
SELECT e.key, e.cost = octet_length(e.key) + length(topcache.get_msgpack('rows', e.key)) AS cost
FROM topcache.entries('rows') e ORDER BY key;
SELECT topcache.put_msgpack('rows', 1, '\x81a7677275c39fe282ac01');
SELECT topcache.put_msgpack('rows', 1, '\x81a4677275df01');
SELECT topcache.put_msgpack('rows', 1, '\x81a76772c3b6c39f6501');
SELECT topcache.put_msgpack('rows', 1, '\x81a767 72c3b6c39f65 a567726fc39f');
-- position of a slice, behind a name that is longer outside than inside
SELECT topcache.put_msgpack('rows', 1, '\x82a767 72c3b6c39f65 c0 a3646f63 92a2c3a9c1');

\c tc_ascii
SET client_encoding = 'SQL_ASCII';
CREATE EXTENSION topcache;
SELECT topcache.create_map('docs'), topcache.create_map('texts', value_type => 'text');
-- any bytes, but for NUL
SELECT topcache.put_msgpack('docs', 'k', '\x81a1e9a1ff'), topcache.put_msgpack('texts', 'k', '\xa2ff80');
SELECT topcache.get_msgpack('docs', 'k'), topcache.get_msgpack('texts', 'k'), octet_length(value) FROM texts;
SELECT topcache.put_msgpack('docs', 'k', '\xa26100');
SELECT topcache.put_msgpack('docs', 'k', '\x81a100c0');
SELECT topcache.put_msgpack('texts', 'k', '\xa3ff0061');
SELECT topcache.from_msgpack('\xa100');
SELECT topcache.from_msgpack('\xa0'), topcache.put_msgpack('texts', 'k', '\xa0');
\c :here
DROP DATABASE tc_latin1;
DROP DATABASE tc_ascii;
