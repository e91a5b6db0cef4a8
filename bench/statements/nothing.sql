-- nothing but the way to the server and back
\set k random(1, :records)
SELECT :k;
