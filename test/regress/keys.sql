-- The tables that most tests read have no keys; so that they can be attached,
-- they get them, on every cluster.
SET client_min_messages = error;
ALTER TABLE onek ADD PRIMARY KEY (unique1);
ALTER TABLE tenk1 ADD PRIMARY KEY (unique1);
ALTER TABLE tenk2 ADD PRIMARY KEY (unique1);
ALTER TABLE int2_tbl ADD PRIMARY KEY (f1);
ALTER TABLE int4_tbl ADD PRIMARY KEY (f1);
ALTER TABLE int8_tbl ADD PRIMARY KEY (q1, q2);
ALTER TABLE text_tbl ADD PRIMARY KEY (f1);
ANALYZE;
