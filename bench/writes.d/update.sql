-- one row by its key, committed
\set aid random(1, :rows)
\set delta random(-5000, 5000)
UPDATE TABLE_NAME SET abalance = abalance + :delta WHERE aid = :aid;
