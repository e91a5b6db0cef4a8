\if :cold
SELECT warm_up();
\set cold 0
\endif
