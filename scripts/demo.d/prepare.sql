-- The extension, the input before it goes into the map, and a little typesetting.

CREATE EXTENSION topcache;

-- rank 1 is the key that is read most
CREATE TABLE input (key text, value jsonb);
CREATE TABLE document (rank integer, key text, value jsonb);

-- one line of the report
CREATE FUNCTION line(label text, what text) RETURNS text
    LANGUAGE sql IMMUTABLE AS
    $$ SELECT format('   %s %s', rpad(label, 44, ' '), lpad(what, 14, ' ')) $$;
CREATE FUNCTION line(label text, what numeric) RETURNS text
    LANGUAGE sql IMMUTABLE AS
    $$ SELECT line(label, to_char(what, 'FM999,999,999,990')) $$;
