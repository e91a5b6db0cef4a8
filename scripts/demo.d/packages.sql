-- Input: the package index, one document per package.

-- \copy does not know variables
COPY input FROM :'file';
INSERT INTO document
    SELECT row_number() OVER (ORDER BY md5(key)), key, value FROM input;
CREATE UNIQUE INDEX ON document (rank);
ANALYZE document;
