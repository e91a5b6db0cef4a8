# Many readers of a key that is not resident, and writers that never pause:
# one of the readers loads it, none waits for another, and neither readers nor
# writers keep each other from getting on.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $readers = 12;
my $rounds  = 5;
my $writers = 3;

my $node = new_server('starvation');
$node->start;
create_extension($node);
$node->safe_psql(
	'postgres', q{
	SELECT topcache.create_map('t');
	INSERT INTO t VALUES ('hot', '0'), ('cold', '"cold"');
	CREATE TABLE control (stopped bool);
	INSERT INTO control VALUES (false);
	CREATE SEQUENCE written;
	CREATE SEQUENCE looked;
	CREATE TABLE differences (n int);

	-- adds to the number under a key until told to stop
	CREATE PROCEDURE write_on(k text) LANGUAGE plpgsql AS $$
	BEGIN
		WHILE NOT (SELECT stopped FROM control) LOOP
			UPDATE t SET value = to_jsonb((value #>> '{}')::bigint + 1)
			 WHERE key = k;
			COMMIT;
			PERFORM nextval('written');
		END LOOP;
	END $$;

	-- checks a key until told to stop
	CREATE PROCEDURE read_on(k text) LANGUAGE plpgsql AS $$
	DECLARE
		wrong bool;
	BEGIN
		WHILE NOT (SELECT stopped FROM control) LOOP
			SELECT topcache.get('t', k) IS DISTINCT FROM
				   (SELECT value FROM t WHERE key = k) INTO wrong;
			COMMIT;
			IF wrong THEN
				INSERT INTO differences VALUES (1);
			END IF;
			COMMIT;
			PERFORM nextval('looked');
		END LOOP;
	END $$;
});

my $stats = "FROM topcache.stats WHERE relation = 't'::regclass";

sub count_of
{
	my ($name) = @_;

	return $node->safe_psql('postgres', "SELECT $name $stats");
}

sub open_sessions
{
	my ($n) = @_;
	my @sessions;

	foreach my $i (1 .. $n)
	{
		my $session = open_session($node);

		$session->{pid} = $session->query_safe('SELECT pg_backend_pid()');
		# so that it knows the map
		$session->query_safe("SELECT topcache.get('t', 'cold')");
		push @sessions, $session;
	}
	return @sessions;
}

sub send_to
{
	my ($session, $sql) = @_;

	$session->{stdin} .= "$sql;\n";
	$session->{run}->pump_nb;
	return;
}

# All sessions ask for a key at the same moment: they wait for the table's
# lock, which is released when all do.
sub ask_at_once
{
	my ($key, @sessions) = @_;
	my $holder = open_session($node);
	my $pids   = join ', ', map { $_->{pid} } @sessions;

	$holder->query_safe('BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE');
	send_to($_, "SELECT topcache.get('t', '$key')") foreach @sessions;
	wait_until($node,
		"SELECT bool_and(cardinality(pg_blocking_pids(p)) > 0) "
		  . "FROM unnest(ARRAY[$pids]) p");
	$holder->query_safe('COMMIT');
	close_session($holder);
	return map { $_->query_safe('SELECT WHERE false') } @sessions;
}

# The same without waiting for each other.
sub ask_all
{
	my ($key, @all) = @_;

	send_to($_, "SELECT topcache.get('t', '$key')") foreach @all;
	return map { $_->query_safe('SELECT WHERE false') } @all;
}

# A key that all ask for at once is loaded once.
my @sessions = open_sessions($readers);
foreach my $key ('cold', 'absent')
{
	my $expected = $key eq 'cold' ? '"cold"' : '';

	foreach my $round (1 .. $rounds)
	{
		my ($lookups, $fills);

		# a negative record goes with the others
		$node->safe_psql('postgres',
			"SELECT topcache.evict_all('t')");
		tell_counts(@sessions);
		$lookups = count_of('hits + misses');
		$fills   = count_of('fills');
		my @answers = ask_at_once($key, @sessions);
		is(scalar(grep { $_ ne $expected } @answers),
			0, "$key, round $round: every session has the answer");
		tell_counts(@sessions);
		is(count_of('hits + misses') - $lookups,
			$readers, "$key, round $round: every session was counted");
		is(count_of('fills') - $fills, 1, "$key, round $round: one fill");
	}
}

# A writer that is not finished keeps nobody waiting, and nothing is stored.
my $writer = open_session($node);
$node->safe_psql('postgres', "SELECT topcache.evict_all('t')");
$writer->query_safe(
	"BEGIN; UPDATE t SET value = '\"changed\"' WHERE key = 'cold'; "
	  . "INSERT INTO t VALUES ('absent', '\"new\"')");
tell_counts(@sessions);
my $fills = count_of('fills');
foreach my $key ('cold', 'absent')
{
	my $expected = $key eq 'cold' ? '"cold"' : '';
	my @answers  = ask_all($key, @sessions);

	is(scalar(grep { $_ ne $expected } @answers),
		0, "$key, written to: every session has the answer from before");
	is($node->safe_psql('postgres', "SELECT topcache.is_resident('t', '$key')"),
		'f', "$key, written to: nothing is stored");
}
tell_counts(@sessions);
is(count_of('fills') - $fills, 0, 'none of it was a fill');
$writer->query_safe('COMMIT');
foreach my $key ('cold', 'absent')
{
	my $expected = $key eq 'cold' ? '"changed"' : '"new"';
	my @answers  = ask_at_once($key, @sessions);

	is(scalar(grep { $_ ne $expected } @answers),
		0, "$key, after that: every session has the new answer");
}
tell_counts(@sessions);
is(count_of('fills') - $fills, 2, 'one fill of each');

# Writers that never pause: there is always one that has begun, so that no
# row read from the table is known to be the newest for long.
my @writing = open_sessions($writers);
my @reading = open_sessions(2);

sub value_of
{
	my ($name) = @_;

	return $node->safe_psql('postgres', "SELECT last_value FROM $name");
}

send_to($_, "CALL write_on('hot')") foreach @writing;
wait_until($node, "SELECT last_value > 100 FROM written");
foreach my $round (1 .. $rounds)
{
	my $hits;
	my ($written, $looked);

	# not resident, and nobody has asked for it: until it is, writers do not
	# make it so
	wait_until($node, "SELECT topcache.evict('t', 'hot') OR "
		  . "NOT topcache.is_resident('t', 'hot')");
	send_to($_, "CALL read_on('hot')") foreach $round == 1 ? @reading : ();
	wait_until($node, "SELECT topcache.is_resident('t', 'hot')");
	pass("round $round: becomes resident while others write");

	$hits = count_of('hits');
	wait_until($node, "SELECT hits > $hits + 20 $stats");
	pass("round $round: is answered from memory");
	($written, $looked) = (value_of('written'), value_of('looked'));
	wait_until($node, "SELECT last_value > $written + 100 FROM written");
	pass("round $round: writers get on beside readers");
	wait_until($node, "SELECT last_value > $looked + 100 FROM looked");
	pass("round $round: readers get on beside writers");
}

# Readers that drop and load the key all the time do not hold up writers.
my $evictor = open_session($node);
my $written = value_of('written');
my $evictions = 0;
while (value_of('written') < $written + 1000)
{
	$evictor->query_safe(
		"SELECT topcache.evict('t', 'hot'), topcache.get('t', 'hot')");
	$evictions++;
}
pass("writers get on beside $evictions evictions");

$node->safe_psql('postgres', 'UPDATE control SET stopped = true');
is($_->query_safe('SELECT WHERE false'), '', 'a session ends well')
  foreach @writing, @reading;
is($node->safe_psql('postgres', 'SELECT count(*) FROM differences'),
	'0', 'no reader read what is not in the table');
is( $node->safe_psql(
		'postgres', "SELECT value::text::bigint FROM t WHERE key = 'hot'"),
	value_of('written'),
	'no write was lost');
is(differences($node, 't', 10), '0', 'no key differs in the end');
is(problems($node, 't'), '', 'nothing wrong with any record');

close_session($_) foreach @sessions, @writing, @reading, $writer, $evictor;
$node->stop;
done_testing();
