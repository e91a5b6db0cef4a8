-- a record that nobody has to look for
SELECT constant_record();
