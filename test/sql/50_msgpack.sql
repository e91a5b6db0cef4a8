-- MessagePack: every format, both ways, and bytes that are hostile.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS topcache;
RESET client_min_messages;
\set SHOW_CONTEXT never
CREATE SCHEMA tc_msgpack;
SET search_path = tc_msgpack;
SET timezone = 'UTC';

-- what becomes of some bytes: a document, or the error with its detail
CREATE FUNCTION decoded(data bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
	RETURN topcache.from_msgpack(data);
EXCEPTION WHEN others THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN SQLSTATE || ' ' || SQLERRM || ': ' || detail;
END $$;

--
-- Every format, with the values at its boundaries.
--

-- integers in each width that can hold them
CREATE TABLE integers AS
SELECT n, lead, width, low, high FROM unnest(ARRAY[
	0, 1, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2147483647,
	2147483648, 4294967295, 4294967296, 281474976710656,
	9223372036854775807, 9223372036854775808, 18446744073709551615,
	-1, -31, -32, -33, -127, -128, -129, -256, -32768, -32769, -65536,
	-2147483648, -2147483649, -4294967296, -281474976710656,
	-9223372036854775807, -9223372036854775808]::numeric[]) n
JOIN (VALUES
	('', 1, 0, 127), ('', 1, -32, -1),
	('cc', 1, 0, 255), ('cd', 2, 0, 65535), ('ce', 4, 0, 4294967295),
	('cf', 8, 0, 18446744073709551615),
	('d0', 1, -128, 127), ('d1', 2, -32768, 32767),
	('d2', 4, -2147483648, 2147483647),
	('d3', 8, -9223372036854775808, 9223372036854775807))
	format(lead, width, low, high) ON n BETWEEN low AND high;
ALTER TABLE integers ADD data bytea;
UPDATE integers SET data = decode(lead, 'hex') || substr(int8send((CASE
	WHEN n >= 9223372036854775808 THEN n - 18446744073709551616
	ELSE n END)::bigint), 9 - width);
SELECT lead, width, count(*) AS integers,
	bool_and(topcache.from_msgpack(data) = to_jsonb(n)) AS decoded
FROM integers GROUP BY lead, width ORDER BY lead, width;
-- of all of them the shortest one is written
SELECT n, topcache.to_msgpack(to_jsonb(n)) AS data,
	length(topcache.to_msgpack(to_jsonb(n))) = min(length(data)) AS shortest,
	bool_or(topcache.to_msgpack(to_jsonb(n)) = data) AS right
FROM integers GROUP BY n ORDER BY n;

-- everything else: bytes and what they mean
CREATE TABLE vectors (format text, data bytea, value jsonb);
INSERT INTO vectors VALUES
	('nil', '\xc0', 'null'),
	('false', '\xc2', 'false'),
	('true', '\xc3', 'true'),
	('float 32', '\xca00000000', '0'),
	('float 32', '\xca80000000', '0'),
	('float 32', '\xca3f800000', '1'),
	('float 32', '\xcabf800000', '-1'),
	('float 32', '\xcac2000000', '-32'),
	('float 32', '\xca3f000000', '0.5'),
	('float 32', '\xcabf000000', '-0.5'),
	('float 32', '\xca3dcccccd', '0.1'),
	('float 32', '\xca4f000000', '2147483648'),
	('float 32', '\xcad7800000', '-281474976710656'),
	('float 32', '\xca7f7fffff', '3.4028235e38'),
	('float 32', '\xca00000001', '1e-45'),
	('float 64', '\xcb0000000000000000', '0'),
	('float 64', '\xcb8000000000000000', '0'),
	('float 64', '\xcb3ff0000000000000', '1'),
	('float 64', '\xcb3fe0000000000000', '0.5'),
	('float 64', '\xcb3fb999999999999a', '0.1'),
	('float 64', '\xcb3fd5555555555555', '0.3333333333333333'),
	('float 64', '\xcb41e0000000000000', '2147483648'),
	('float 64', '\xcbc2f0000000000000', '-281474976710656'),
	('float 64', '\xcb4341c37937e08000', '10000000000000000'),
	('float 64', '\xcb7fefffffffffffff', '1.7976931348623157e308'),
	('float 64', '\xcb0010000000000000', '2.2250738585072014e-308'),
	('float 64', '\xcb0000000000000001', '5e-324'),
	('fixstr', '\xa0', '""'),
	('fixstr', '\xa161', '"a"'),
	('fixstr', '\xb2d09ad0b8d180d0b8d0bbd0bbd0b8d186d0b0', '"Кириллица"'),
	('fixstr', '\xa6e6bca2e5ad97', '"漢字"'),
	('fixstr', '\xa4f09f8dba', '"🍺"'),
	('str 8', '\xd900', '""'),
	('str 8', '\xd90161', '"a"'),
	('str 16', '\xda0000', '""'),
	('str 16', '\xda000161', '"a"'),
	('str 32', '\xdb00000000', '""'),
	('str 32', '\xdb0000000161', '"a"'),
	('bin 8', '\xc400', '""'),
	('bin 8', '\xc40101', '"AQ=="'),
	('bin 8', '\xc40200ff', '"AP8="'),
	('bin 8', '\xc403fbefbe', '"++++"'),
	('bin 16', '\xc50000', '""'),
	('bin 16', '\xc5000200ff', '"AP8="'),
	('bin 32', '\xc600000000', '""'),
	('bin 32', '\xc60000000200ff', '"AP8="'),
	('fixarray', '\x90', '[]'),
	('fixarray', '\x9101', '[1]'),
	('fixarray', '\x9190', '[[]]'),
	('fixarray', '\x92a16180', '["a", {}]'),
	('array 16', '\xdc0000', '[]'),
	('array 16', '\xdc000101', '[1]'),
	('array 32', '\xdd00000000', '[]'),
	('array 32', '\xdd0000000101', '[1]'),
	('fixmap', '\x80', '{}'),
	('fixmap', '\x81a16101', '{"a": 1}'),
	('fixmap', '\x81a16181a090', '{"a": {"": []}}'),
	('fixmap', '\x82a26262c0a161c3', '{"a": true, "bb": null}'),
	('map 16', '\xde0000', '{}'),
	('map 16', '\xde0001a161a141', '{"a": "A"}'),
	('map 32', '\xdf00000000', '{}'),
	('map 32', '\xdf00000001a161df00000000', '{"a": {}}'),
	('fixext 1', '\xd40510', '{"type": 5, "data": "EA=="}'),
	('fixext 2', '\xd5802021', '{"type": -128, "data": "ICE="}'),
	('fixext 4', '\xd67f30313233', '{"type": 127, "data": "MDEyMw=="}'),
	('fixext 8', '\xd7fe4041424344454647',
		'{"type": -2, "data": "QEFCQ0RFRkc="}'),
	('fixext 16', '\xd800505152535455565758595a5b5c5d5e5f',
		'{"type": 0, "data": "UFFSU1RVVldYWVpbXF1eXw=="}'),
	('ext 8', '\xc70001', '{"type": 1, "data": ""}'),
	('ext 8', '\xc70301aabbcc', '{"type": 1, "data": "qrvM"}'),
	('ext 16', '\xc8000001', '{"type": 1, "data": ""}'),
	('ext 16', '\xc8000101aa', '{"type": 1, "data": "qg=="}'),
	('ext 32', '\xc90000000001', '{"type": 1, "data": ""}'),
	('ext 32', '\xc90000000101aa', '{"type": 1, "data": "qg=="}'),
	('timestamp 32', '\xd6ff00000000', '"1970-01-01T00:00:00Z"'),
	('timestamp 32', '\xd6ff5a4af6a5', '"2018-01-02T03:04:05Z"'),
	('timestamp 32', '\xd6ffffffffff', '"2106-02-07T06:28:15Z"'),
	('timestamp 64', '\xd7ff0000000400000000',
		'"1970-01-01T00:00:00.000000001Z"'),
	('timestamp 64', '\xd7ffa1dcd7c85a4af6a5',
		'"2018-01-02T03:04:05.678901234Z"'),
	('timestamp 64', '\xd7ff7735940000000000', '"1970-01-01T00:00:00.5Z"'),
	('timestamp 64', '\xd7ffee6b27ffffffffff',
		'"2514-05-30T01:53:03.999999999Z"'),
	('timestamp 96', '\xc70cff000000000000000400000000',
		'"2514-05-30T01:53:04Z"'),
	('timestamp 96', '\xc70cff3b9ac9ffffffffffffffffff',
		'"1969-12-31T23:59:59.999999999Z"'),
	('timestamp 96', '\xc70cff00000000ffffffff7c558180',
		'"1900-01-01T00:00:00Z"'),
	('timestamp 96', '\xc70cff00000000fffffff1868b8400',
		'"0000-01-01T00:00:00Z"'),
	('timestamp 96', '\xc70cff00000000fffffff1868b83ff',
		'"-0001-12-31T23:59:59Z"'),
	('timestamp 96', '\xc70cff3b9ac9ff0000003afff4417f',
		'"9999-12-31T23:59:59.999999999Z"'),
	('timestamp 96', '\xc70cff000000000000003afff44180',
		'"+10000-01-01T00:00:00Z"'),
	('timestamp 96', '\xc70cff000000007fffffffffffffff',
		'"+292277026596-12-04T15:30:07Z"'),
	('timestamp 96', '\xc70cff000000008000000000000000',
		'"-292277022657-01-27T08:29:52Z"'),
	('decimal', '\xc7036e312e30', '1.0'),
	('decimal', '\xd66e302e3030', '0.00'),
	('decimal', '\xc7056e2d302e3030', '0.00'),
	('decimal', '\xd46e37', '7'),
	('decimal', '\xc7146e3138343436373434303733373039353531363136',
		'18446744073709551616'),
	('decimal', '\xc800056e2d392e3530', '-9.50');
-- lengths that need the longer heads
INSERT INTO vectors
SELECT 'str 8', '\xd9' || substr(int4send(n), 4) || repeat('x', n)::bytea,
	to_jsonb(repeat('x', n)) FROM unnest(ARRAY[32, 255]) n
UNION ALL
SELECT 'str 16', '\xda' || substr(int4send(n), 3) || repeat('x', n)::bytea,
	to_jsonb(repeat('x', n)) FROM unnest(ARRAY[256, 65535]) n
UNION ALL
SELECT 'str 32', '\xdb' || int4send(n) || repeat('x', n)::bytea,
	to_jsonb(repeat('x', n)) FROM unnest(ARRAY[65536, 100000]) n
UNION ALL
SELECT 'array 16', '\xdc' || substr(int4send(n), 3) ||
	string_agg(substr(int4send(i % 100), 4), '' ORDER BY i),
	jsonb_agg(i % 100 ORDER BY i)
FROM unnest(ARRAY[16, 31, 32, 33, 65535]) n, generate_series(1, n) i
GROUP BY n
UNION ALL
SELECT 'array 32', '\xdd' || int4send(n) ||
	string_agg('\xc0', ''::bytea), jsonb_agg('null'::jsonb)
FROM unnest(ARRAY[65536]) n, generate_series(1, n) i GROUP BY n
UNION ALL
SELECT 'map 16', '\xde' || substr(int4send(n), 3) ||
	string_agg('\xa5' || lpad(i::text, 5, '0')::bytea || '\xc2', ''
		ORDER BY i),
	jsonb_object_agg(lpad(i::text, 5, '0'), false)
FROM unnest(ARRAY[16, 31, 32, 33, 65535]) n, generate_series(1, n) i
GROUP BY n
UNION ALL
SELECT 'map 32', '\xdf' || int4send(n) ||
	string_agg('\xa5' || lpad(i::text, 5, '0')::bytea || '\xa179', ''
		ORDER BY i),
	jsonb_object_agg(lpad(i::text, 5, '0'), 'y')
FROM unnest(ARRAY[65536]) n, generate_series(1, n) i GROUP BY n;

SELECT format, count(*) AS vectors,
	bool_and(topcache.from_msgpack(data) = value) AS decoded,
	bool_and(topcache.from_msgpack(data)::text = value::text) AS same_text,
	count(*) FILTER (WHERE topcache.to_msgpack(value) = data) AS canonical
FROM vectors GROUP BY format ORDER BY min(encode(data, 'hex'));
SELECT format, data, value, topcache.from_msgpack(data) FROM vectors
WHERE topcache.from_msgpack(data)::text IS DISTINCT FROM value::text;

--
-- Numbers come back as they were, to the last zero.
--
SELECT value, topcache.to_msgpack(value) AS data,
	topcache.from_msgpack(topcache.to_msgpack(value))::text = value::text
		AS same
FROM unnest(ARRAY['0', '-0', '0.0', '1', '1.0', '1.5', '1.50', '98.6',
	'-98.60', '0.1', '0.30000000000000004', '1e15', '1e22', '1e23',
	'123456789012345678', '12345678901234567890.5', '9007199254740993',
	'9007199254740993.0', '0.1234567890123456', '0.12345678901234567',
	'1e-22', '1e-23', '18446744073709551616', '-9223372036854775809',
	'100000000000000000000000', '123456789012345678901234567890']::jsonb[])
	value;
-- far beyond doubles
SELECT length(value::text) AS digits,
	length(topcache.to_msgpack(value)) AS bytes,
	topcache.from_msgpack(topcache.to_msgpack(value))::text = value::text
		AS same
FROM unnest(ARRAY['1e308', '1.8e308', '1e-308', '5e-324', '1e-324', '1e1000',
	'-1e131071', '1e-16383']::jsonb[]) value;
-- a number is a double exactly if that prints as the same digits
SELECT count(*) AS numbers,
	count(*) FILTER (WHERE is_double) BETWEEN 100 AND 9900 AS mixed,
	count(*) FILTER (WHERE is_double IS DISTINCT FROM (
		n::float8::text::numeric::text = n::text)) AS wrong
FROM (SELECT n, get_byte(topcache.to_msgpack(to_jsonb(n)), 0) = 203
		AS is_double
	FROM (SELECT round((random() * 10 ^ (random() * 8))::numeric
			+ random()::numeric, 1 + (random() * 20)::int) AS n
		FROM generate_series(1, 10000)) numbers) encoded;

--
-- Maps: jsonb's order, the last of equal keys.
--
SELECT topcache.from_msgpack('\x84a162 01 a161 02 a0 03 a26161 04'),
	topcache.to_msgpack('{"aa": 4, "": 3, "a": 2, "b": 1}');
SELECT topcache.from_msgpack('\x83a161 01 a162 02 a161 03') AS last_wins,
	topcache.from_msgpack('\x82a161 81a17801 a161 90') AS nested_too;
SELECT topcache.from_msgpack('\xde' || substr(int4send(3 * n), 3) ||
	string_agg('\xa3' || lpad((i * 7 % n)::text, 3, '0')::bytea
		|| '\xcd' || substr(int4send(i), 3), '' ORDER BY i))
	= jsonb_object_agg(lpad((i * 7 % n)::text, 3, '0'), i ORDER BY i)
	AS many_duplicates
FROM unnest(ARRAY[100]) n, generate_series(1, 3 * n) i GROUP BY n;

--
-- Hostile bytes.
--

-- every lead byte, alone, and with zeros or ones behind it
SELECT to_hex(min(lead)) AS first, to_hex(max(lead)) AS last, count(*),
	regexp_replace(alone, 'expected (at least )?\d+ more bytes?',
		'expected \1N more bytes') AS answer
FROM (SELECT lead, decoded(substr(int4send(lead), 4)) AS alone
	FROM generate_series(0, 255) lead) leads
WHERE alone !~ '^[0-9-]+$'
GROUP BY answer ORDER BY min(lead);
SELECT count(*) AS integers, min(value) AS least, max(value) AS greatest,
	count(DISTINCT value) AS different
FROM (SELECT topcache.from_msgpack(substr(int4send(lead), 4))::int AS value
	FROM generate_series(0, 255) lead
	WHERE lead < 128 OR lead >= 224) integers;
SELECT lpad(to_hex(lead), 2, '0') AS lead,
	decoded(substr(int4send(lead), 4) || '\x00000000') AS zeros,
	decoded(substr(int4send(lead), 4) || '\xffffffffff') AS ones
FROM generate_series(192, 223) lead;

-- truncated anywhere, or with something behind it
WITH record AS (SELECT topcache.to_msgpack('{"id": 70000, "name": "Ada",
	"score": 98.6, "sum": 1.0, "tags": ["a", {"b": null}], "ok": true}')
	AS data)
SELECT count(*) AS lengths, count(*) FILTER (WHERE
	decoded(substr(data, 1, n)) LIKE
	'22P03 invalid MessagePack data: At byte %, expected % but found %.')
	AS refused
FROM record, generate_series(0, length(data) - 1) n;
SELECT decoded('\x'), decoded('\xc0c0'), decoded('\x9101a0');

-- lengths far beyond the data
SELECT data, decoded(data) FROM unnest(ARRAY['\xdbffffffff61',
	'\xc6ffffffff00', '\xc9ffffffff0500', '\xddffffffff00', '\xdfffffffffa0',
	'\xdf80000000a0', '\x92dd7fffffff', '\x9f9f9f9f00000000',
	'\x9301dc000301', '\xd9ff', '\xda', '\xdb000000']::bytea[]) data;
-- many arrays that each promise as much as there could be
SELECT decoded(string_agg('\xdd00001000', ''::bytea)
	|| decode(repeat('c0', 5000), 'hex'))
FROM generate_series(1, 200);

-- nesting up to the limit, one more, and far more
SELECT topcache.from_msgpack(decode(repeat('91', 256) || 'c0', 'hex'))
	#>> array_fill('0'::text, ARRAY[255]) AS deepest;
SELECT decoded(decode(repeat('91', 257) || 'c0', 'hex')) AS arrays,
	decoded(decode(repeat('81a0', 257) || 'c0', 'hex')) AS maps;
SELECT decoded(decode(repeat('91', 1000000) || 'c0', 'hex')) AS bomb;
SELECT decoded(decode(repeat('91', 256) || 'd40500', 'hex')) AS extension;
SELECT length(topcache.to_msgpack(
	(repeat('[', 256) || repeat(']', 256))::jsonb)) AS deepest;
SELECT topcache.to_msgpack((repeat('[', 257) || repeat(']', 257))::jsonb);
SELECT topcache.cost((repeat('[', 257) || repeat(']', 257))::jsonb, 'key');

-- text that is none
SELECT data, decoded(data) FROM unnest(ARRAY['\xa100', '\xa3610062', '\xa180',
	'\xa1ff', '\xa2c080', '\xa2c328', '\xa3e08080', '\xa3eda080',
	'\xa3efbfbf', '\xa4f0808080', '\xa4f48fbfbf', '\xa4f4908080', '\xa2e282',
	'\xaa61626364656667c3a9c3', '\xac616263646566676800696a6b',
	'\x81a2c328c0', '\x81a100c0']::bytea[]) data;

-- keys that are no strings
SELECT data, decoded(data) FROM unnest(ARRAY['\x8101c0', '\x81c0c0',
	'\x81c3c0', '\x81cb0000000000000000c0', '\x81c40161c0', '\x819001',
	'\x818001', '\x81d40561c0', '\x82a161c0ffc0', '\x81c1c0']::bytea[]) data;

-- numbers that jsonb does not have, and extensions that are not what they say
SELECT data, decoded(data) FROM unnest(ARRAY['\xca7fc00000', '\xca7f800000',
	'\xcaff800000', '\xcb7ff8000000000000', '\xcb7ff0000000000000',
	'\xcbfff0000000000000', '\xd46e', '\xc7006e', '\xd46e2d', '\xd56e3031',
	'\xd56e312e', '\xd56e2e31', '\xc7036e316535', '\xc7036e4e614e',
	'\xd56e2031', '\xd4ff00', '\xd8ff00000000000000000000000000000000',
	'\xd7ffee6b280000000000', '\xc70cff3b9aca000000000000000000']::bytea[])
	data;
-- decimals at numeric's limits
SELECT left(decoded('\xc9' || int4send(length(digits)) || '\x6e'
	|| digits::bytea), 90) AS decoded, length(digits)
FROM unnest(ARRAY[repeat('9', 131072), repeat('9', 131073),
	'0.' || repeat('3', 16383), '0.' || repeat('3', 16384)]) digits;

-- random bytes, and random changes of what is valid: an answer, always
SELECT setseed(0.5);
SELECT count(*) AS tried, count(*) FILTER (WHERE answer LIKE '22P03%'
	OR answer::jsonb IS NOT NULL) AS answered
FROM (SELECT decoded(decode(string_agg(lpad(to_hex(
		(random() * 255)::int), 2, '0'), ''), 'hex')) AS answer
	FROM generate_series(1, 5000) n, generate_series(1, 1 + n % 20)
	GROUP BY n) bytes;
SELECT count(*) AS tried, count(*) FILTER (WHERE answer LIKE '22P03%'
	OR answer::jsonb IS NOT NULL) AS answered
FROM (SELECT decoded(set_byte(data, (random() * (length(data) - 1))::int,
		(random() * 255)::int)) AS answer
	FROM vectors, generate_series(1, 20) WHERE length(data) < 1000) changed;

--
-- Round trip over random documents.
--
CREATE FUNCTION random_document(depth int) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	kind int := floor(random() * CASE WHEN depth > 0 THEN 10 ELSE 7 END);
	n int := floor(random() * random() * 40);
	result jsonb;
BEGIN
	CASE kind
	WHEN 0 THEN RETURN to_jsonb(floor((random() - 0.5)
		* 2 ^ (random() * 66))::numeric);
	WHEN 1 THEN RETURN to_jsonb(random() * 10 ^ (random() * 60 - 30)::int);
	WHEN 2 THEN RETURN to_jsonb(round((random() * 10000)::numeric, n));
	WHEN 3 THEN RETURN to_jsonb(repeat(chr(33 + n), n * n / 4));
	WHEN 4 THEN RETURN to_jsonb(left('aé漢🍺 quoted "text" \ and more', n));
	WHEN 5 THEN RETURN to_jsonb(n % 2 = 0);
	WHEN 6 THEN RETURN 'null';
	WHEN 7 THEN
		SELECT jsonb_agg(random_document(depth - 1)) INTO result
		FROM generate_series(1, n);
		RETURN coalesce(result, '[]');
	ELSE
		SELECT jsonb_object_agg(left(md5(random()::text), i % 6),
			random_document(depth - 1)) INTO result
		FROM generate_series(1, n) i;
		RETURN coalesce(result, '{}');
	END CASE;
END $$;
CREATE TABLE documents AS
SELECT n, CASE WHEN n % 2 = 0 THEN random_document(3)
	ELSE jsonb_build_object('id', n, 'value', random_document(2)) END
	AS document
FROM generate_series(1, 2000) n;
SELECT count(*) AS documents,
	count(*) FILTER (WHERE pg_column_size(document) > 100) > 100 AS some_long,
	bool_and(again = document AND again::text = document::text) AS same,
	bool_and(jsonb_send(again) = jsonb_send(document)) AS same_sent,
	bool_and(hashtext(again::text) = hashtext(document::text)
		AND jsonb_hash(again) = jsonb_hash(document)) AS same_hash,
	bool_and(topcache.cost(document, 'kéy') = length(data) + 4) AS same_cost
FROM (SELECT document, topcache.to_msgpack(document) AS data,
		topcache.from_msgpack(topcache.to_msgpack(document)) AS again
	FROM documents) d;
-- a map of them costs what is sent, by whichever way they came
SELECT topcache.create_map('sent');
SELECT count(*) FILTER (WHERE topcache.put('sent', 'kéy ' || n, document)) AS put
FROM documents WHERE n <= 1000;
SELECT count(*) FILTER (WHERE topcache.put_msgpack('sent', 'kéy ' || n,
	topcache.to_msgpack(document))) AS put
FROM documents WHERE n > 1000;
SELECT count(*) AS documents, bool_and(m.value = document) AS same,
	bool_and(topcache.cost(document, d.key) = length(topcache.get_msgpack(
		'sent', d.key)) + octet_length(d.key)) AS same_cost,
	bool_and(e.cost IS NOT DISTINCT FROM topcache.cost(document, d.key))
		AS resident_cost
FROM (SELECT 'kéy ' || n AS key, document FROM documents) d
JOIN sent m USING (key) LEFT JOIN topcache.entries('sent') e USING (key);
-- what is decoded works as any jsonb does: by key, by path, by containment
SELECT bool_and(again -> 'value' = document -> 'value'
	AND again @> jsonb_build_object('id', n)
	AND (again || '{"new": 1}') - 'new' = document) AS works
FROM (SELECT n, document,
		topcache.from_msgpack(topcache.to_msgpack(document)) AS again
	FROM documents WHERE n % 2 = 1) d;
-- stored with a short header, compressed, out of line
CREATE TABLE stored (kind text, document jsonb);
INSERT INTO stored VALUES ('short', '{"a": [1, 2.5, "x", {"b": 12345678}]}');
INSERT INTO stored SELECT 'compressed', jsonb_build_object('n', 1.0,
	'long', repeat('x', 10000), 'list', '[1, 2, 3]'::jsonb);
INSERT INTO stored SELECT 'out of line', jsonb_object_agg(md5(i::text), i)
FROM generate_series(1, 1000) i;
SELECT kind, topcache.from_msgpack(topcache.to_msgpack(document)) = document
	AS same, topcache.cost(document, '') = length(
	topcache.to_msgpack(document)) AS same_cost
FROM stored ORDER BY kind;
SELECT topcache.to_msgpack(NULL) IS NULL AS encoded,
	topcache.from_msgpack(NULL) IS NULL AS decoded;

SET client_min_messages = warning;
DROP SCHEMA tc_msgpack CASCADE;
