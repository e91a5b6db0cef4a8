#!/usr/bin/perl
#
# Two ways for a server without topcache to miss a chunk of a dead row, on the
# cluster that the environment names; dead-toast beside this file says more.

use strict;
use warnings FATAL => 'all';

use DBD::Pg ':async';
use DBI;

my $failures = 0;

sub session
{
	my ($database) = @_;

	return DBI->connect("dbi:Pg:dbname=$database", $ENV{PGUSER}, '',
		{ RaiseError => 1, PrintError => 0, PrintWarn => 0 });
}

my $main = session('postgres');

# A table whose first row has been deleted, and the name of its TOAST table.
sub make_table
{
	my ($name, $between) = @_;

	$main->do("CREATE TABLE $name (id int PRIMARY KEY, body text)");
	$main->do("ALTER TABLE $name ALTER body SET STORAGE EXTERNAL");
	$main->do("INSERT INTO $name SELECT i, repeat('x', 10000) "
		  . 'FROM generate_series(1, 3) i');
	$between->() if $between;
	$main->do("DELETE FROM $name WHERE id = 1");
	return $main->selectrow_array('SELECT reltoastrelid::regclass '
		  . "FROM pg_class WHERE oid = '$name'::regclass");
}

# Say what became of a command that should have missed a chunk.
sub expect_missing
{
	my ($command, $error) = @_;
	my $missed = ($error // '') =~ /chunk number .* for toast value/;

	print "$command: ", $error // 'no error', "\n";
	$failures++ if !$missed;
	return;
}

# A transaction of another database holds back the snapshot of whoever copies
# the table, and not the vacuum of its TOAST table.
sub other_database
{
	my $other;

	$main->do('CREATE DATABASE other');
	$other = session('other');
	$other->do('BEGIN');
	$other->do('SELECT txid_current()');
	foreach my $command ('CLUSTER one USING one_pkey', 'VACUUM FULL one')
	{
		my $toast = make_table('one');

		$main->do("VACUUM $toast");
		eval { $main->do($command) };
		expect_missing($command, $main->errstr);
		$main->do('DROP TABLE one') if $command =~ /CLUSTER/;
	}
	$other->do('COMMIT');
	$main->do('VACUUM FULL one');
	return;
}

# Within one database: a reader holds the deleted row back when the copy
# begins, and ends before its chunks are read, which prunes them.  The index
# has the copy wait in between, and look into a catalog that has changed.
sub one_database
{
	my ($reader, $writer, $holder, $copier) =
	  map { session('postgres') } 1 .. 4;

	$main->do('CREATE TABLE changed (id int)');
	$main->do('CREATE FUNCTION wait(id int) RETURNS int IMMUTABLE '
		  . 'LANGUAGE plpgsql AS $$ BEGIN '
		  . 'PERFORM pg_advisory_lock_shared(1); '
		  . 'PERFORM pg_advisory_unlock_shared(1); '
		  . 'PERFORM count(*) FROM public.changed; RETURN id; END $$');
	make_table('two', sub {
		$main->do('CREATE INDEX two_wait ON two (wait(id))');
		$reader->do('BEGIN ISOLATION LEVEL REPEATABLE READ');
		$reader->do('SELECT');
	});
	$writer->do('BEGIN');
	$writer->do('SELECT txid_current()');
	$holder->do('SELECT pg_advisory_lock(1)');
	$copier->do('SET enable_indexscan = off');
	$copier->do('CLUSTER two USING two_wait', { pg_async => PG_ASYNC });
	1 until $main->selectrow_array('SELECT count(*) FROM pg_locks '
		  . "WHERE locktype = 'advisory' AND NOT granted");
	$_->do('COMMIT') foreach $writer, $reader;
	$main->do('ALTER TABLE changed ADD more int');
	$holder->do('SELECT pg_advisory_unlock(1)');
	eval { $copier->pg_result };
	expect_missing('CLUSTER two USING two_wait', $copier->errstr);
	$copier->do('CLUSTER two USING two_wait');
	return;
}

other_database();
one_database();
exit($failures ? 1 : 0);
