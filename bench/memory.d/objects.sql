-- The objects of the benchmarks of memory: number i has a key and a size, the
-- size being that of the key's text and the value together, so that what a
-- cache holds can be compared in bytes of the user's.

-- Every 2.5 per cent of the objects by size, and the last 2.5 in finer steps:
-- what web applications cache, mean about 320 bytes, half of them below 226.
CREATE FUNCTION mixed_size(i bigint) RETURNS int IMMUTABLE LANGUAGE plpgsql
AS $$
DECLARE
	body CONSTANT int[] := '{50,50,50,55,63,74,86,97,107,117,127,139,151,162,
		171,179,187,196,206,216,226,234,241,250,259,278,295,314,328,339,351,
		367,384,408,437,472,548,730,963,1180}';
	tail CONSTANT int[] := '{1180,1280,1370,1750,2330,2680,3900,5300}';
	place float8 := abs(hashint8extended(i, 0)::float8) / 2 ^ 63;
	steps int[] := body;
	n int;
BEGIN
	IF place >= 0.975 THEN
		steps := tail;
		place := (place - 0.975) / 0.025;
	ELSE
		place := place / 0.975;
	END IF;
	place := 1 + place * (array_length(steps, 1) - 1);
	n := floor(place);
	RETURN steps[n] + (place - n) * (coalesce(steps[n + 1], steps[n])
		- steps[n]);
END $$;

-- The size of object i of a kind: a number of bytes, or "mixed".
CREATE FUNCTION object_size(kind text, i bigint) RETURNS int IMMUTABLE
	LANGUAGE sql
RETURN CASE kind WHEN 'mixed' THEN mixed_size(i) ELSE kind::int END;

-- What goes with a key so that both have the size; it is not compressed,
-- neither in the table nor in memory.
CREATE FUNCTION object_value(key text, size int) RETURNS text IMMUTABLE
	LANGUAGE sql
RETURN repeat('x', size - length(key));

-- What a map of text values, with keys and values of plain letters, holds of
-- the user's: a record's cost is that and the head of a string in MessagePack.
CREATE FUNCTION payload_held(map regclass, OUT records bigint,
	OUT payload bigint) LANGUAGE sql AS $$
	SELECT count(*), coalesce(sum(cost - CASE
			WHEN cost - length(key) <= 32 THEN 1
			WHEN cost - length(key) <= 257 THEN 2
			WHEN cost - length(key) <= 65538 THEN 3
			ELSE 5 END), 0)
	  FROM topcache.entries(map)
$$;
