#!/usr/bin/perl
#
# Random queries with the cache on and off, on the cluster that the environment
# names.
#
#     query_fuzz.pl --seed N --seconds N [--failures N] [--only CLIENT/N]
#         [--without REGEXP]
#
# README.md beside this file says what is done.  The exit status is 0 when
# nothing differed and the cache has answered enough.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin, "$FindBin::RealBin/../stress";

use Getopt::Long;
use IO::Select;
use JSON::PP;
use POSIX ();

use Chance;
use Client;
use Field;
use Grammar;
use Rows;
use Shrink;
use Trial;

my %opt = (seed => 1, seconds => 10, askers => 3, writers => 2, failures => 1,
	only => '', without => '', shrink => 60);
GetOptions(\%opt, map { $_ . ($opt{$_} eq '' ? '=s' : '=i') } keys %opt)
  or die "bad arguments\n";

# Below these, a run says nothing.
my $least_with_nodes = 25;		# percent of the cases
my $least_hits = 2;				# a case
my $most_errors = 15;			# percent of the cases that end in an error
my $most_skipped = 25;			# ... that the time has decided
# so long after its end a client must have noticed
my $patience = 60 + $opt{shrink};

# What clients see of a server that crashes or recovers
my $lost = qr/server closed|no connection|terminat|not yet accepting|in recovery|starting up|could not connect|No such file/;

my $json = JSON::PP->new->canonical;

# ---------------------------------------------------------------------------
# Those who ask
# ---------------------------------------------------------------------------

sub tell_failure
{
	my ($client, $n, $case, $failure) = @_;
	my ($smaller, $now, $again, $tries) =
	  Shrink::shrink($client, $case, $failure, $opt{shrink});

	$client->tell('failure', $json->encode({
		text => "client $client->{number}, transaction $n: $now->{what}\n"
		  . "failed again in $again of 5 attempts; made smaller in $tries tries\n"
		  . Shrink::told($smaller, $now) }));
	return;
}

# Some cases under one snapshot
sub ask
{
	my ($client, $n) = @_;
	my @cases;

	$client->seed_transaction($n);
	foreach (1 .. between(1, 6))
	{
		push @cases, Grammar::one_case($client->{parallel});
		# a session that has written is answered by the table
		last if $cases[-1]{kind} =~ /write|current/ && chance(80);
	}
	@cases = grep { !grep { /$opt{without}/ } @{ $_->{features} } } @cases
	  if $opt{without};
	Trial::begin($client, @cases);
	foreach my $case (@cases)
	{
		my ($result, $nodes) = Trial::try($client, $case);

		count_case($client, $case, $result, $nodes);
		next if !ref $result;
		if ($result->{cached}{lost})
		{
			Trial::reconnect($client);
			Field::refill_all($client->{main});
		}
		else { Trial::rollback($client) }
		tell_failure($client, $n, $case, $result);
		return;
	}
	Trial::rollback($client);
	return;
}

sub count_case
{
	my ($client, $case, $result, $nodes) = @_;
	my $with = grep { /TopCache/ } keys %$nodes;

	$client->count('cases');
	$client->count('cases with a node of ours') if %$nodes;
	$client->count("node: $_") foreach keys %$nodes;
	$client->count($result =~ /^error/ ? 'errors' : $result)
	  if !ref $result && length $result;
	$client->count("both end in $result") if $result =~ /^error/;
	$client->count("feature: $_") foreach $case->{kind}, @{ $case->{features} };
	$client->count("feature with a node: $_")
	  foreach %$nodes ? ($case->{kind}, @{ $case->{features} }) : ();
	return;
}

sub live
{
	my ($number, $asks, $end, %more) = @_;
	my $stop = 0;
	local $SIG{TERM} = sub { $stop = 1 };
	local $SIG{INT} = 'IGNORE';
	my $client = Client->new(number => $number, seed => $opt{seed},
		phase => 1, %more);
	my @only = $asks && $opt{only} =~ m{^\d+/(\d+)$} ? ($1) : ();

	Trial::open_sessions($client) if $asks;
	for (my $n = 1; !$stop && time < $end; $n++)
	{
		next if eval {
			if ($asks) { ask($client, $only[0] // $n) }
			else
			{
				$client->transaction($n, sub { Rows::transaction($client) });
			}
			1;
		};
		# somebody else has crashed the server, and tells of it
		die $@ if $@ !~ /^lost$/ && $@ !~ $lost;
		last;
	}
	$client->tell('tally', map { "$_=$client->{tally}{$_}" }
		  sort keys %{ $client->{tally} });
	return;
}

# ---------------------------------------------------------------------------
# The parent
# ---------------------------------------------------------------------------

my %tally = map { $_ => 0 }
  ('cases', 'cases with a node of ours', 'errors', 'skipped');
my $failures = 0;

sub fail
{
	$failures++;
	print "FAILED: ", @_, "\n";
	return;
}

sub start_client
{
	my (@arguments) = @_;
	my $pid = open(my $talk, '-|') // die "could not fork: $!\n";

	if ($pid == 0)
	{
		my $fine = eval { live(@arguments); 1 };

		syswrite(STDOUT, "error\tclient\t" . $@ =~ s/\s+/ /gr . "\n") if !$fine;
		POSIX::_exit($fine ? 0 : 1);
	}
	return { number => $arguments[0], pid => $pid, talk => $talk, rest => '' };
}

sub hear
{
	my ($client, $line) = @_;
	my ($what, @fields) = split(/\t/, $line, -1);

	if ($what eq 'tally')
	{
		foreach (@fields)
		{
			my ($name, $n) = /^(.*)=(\d+)$/ or next;
			$tally{$name} = ($tally{$name} // 0) + $n;
		}
	}
	elsif ($what eq 'failure') { fail($json->decode($fields[0])->{text}) }
	else { fail("client $client->{number}: ", join(' ', @fields)) }
	return;
}

sub hear_all
{
	my ($end, @clients) = @_;
	my %by_talk = map { $_->{talk} => $_ } @clients;
	my $open = IO::Select->new(map { $_->{talk} } @clients);
	my $told = 0;

	while ($open->count)
	{
		foreach my $talk ($open->can_read(0.2))
		{
			my $client = $by_talk{$talk};

			if (!sysread($talk, $client->{rest}, 65536,
					length $client->{rest}))
			{
				$open->remove($talk);
				next;
			}
			hear($client, $1) while $client->{rest} =~ s/^(.*)\n//;
		}
		if ($failures >= $opt{failures} && !$told++)
		{
			kill 'TERM', map { $_->{pid} } @clients;
			$end = time;
		}
		if (time > $end + $patience)
		{
			fail('these clients do not come to their end: ',
				join(', ', map { $by_talk{$_}{number} } $open->handles));
			kill 'KILL', map { $_->{pid} } @clients;
			last;
		}
	}
	waitpid($_->{pid}, 0) foreach @clients;
	return;
}

# What was asked, by how much of it, and what must have been there.
sub report
{
	my ($hits) = @_;
	my $cases = $tally{cases} || 1;

	print "  by feature: cases, and how many had a node of topcache\n";
	printf "    %-34s %8d %8d\n", $_, $tally{"feature: $_"},
	  $tally{"feature with a node: $_"} // 0
	  foreach sort map { /^feature: (.*)/ ? $1 : () } keys %tally;
	printf "    %-34s %8d\n", $_, $tally{$_}
	  foreach sort grep { /^(node|both)/ } keys %tally;
	printf "query fuzz: %d cases, %d with a node of topcache, %d hits, "
	  . "%d errors that both have, %d skipped, %d failures\n",
	  @tally{ 'cases', 'cases with a node of ours' }, $hits,
	  @tally{qw(errors skipped)}, $failures;
	return if $failures;
	fail('only ' . $tally{'cases with a node of ours'} . ' cases had a node')
	  if $tally{'cases with a node of ours'} * 100 < $cases * $least_with_nodes;
	fail("only $hits hits") if $hits < $cases * $least_hits;
	fail("$tally{errors} cases end in an error")
	  if $tally{errors} * 100 > $cases * $most_errors;
	fail("$tally{skipped} cases were skipped")
	  if $tally{skipped} * 100 > $cases * $most_skipped;
	return;
}

sub connect_to
{
	my ($name) = @_;
	my $dbh = DBI->connect("dbi:Pg:dbname=$name", $ENV{PGUSER}, '',
		{ RaiseError => 1, PrintError => 0, AutoInactiveDestroy => 1 });

	$dbh->do('SET client_min_messages = error');
	return $dbh;
}

my ($dbh, $parallel, @clients, $end, $hits, $number, $only);

$dbh = connect_to($ENV{PGDATABASE});
$dbh->do('CREATE DATABASE query_fuzz');
$ENV{PGDATABASE} = 'query_fuzz';
$dbh = connect_to('query_fuzz');
chance_seed($opt{seed}, 'rows');
Field::prepare($dbh);
# it is called by another name from version 16 on
($parallel) = $dbh->selectrow_array('SELECT name FROM pg_settings '
	  . "WHERE name IN ('debug_parallel_query', 'force_parallel_mode')");
$dbh->do('SELECT topcache.reset_stats()');

$end = time + $opt{seconds};
($only) = $opt{only} =~ m{^(\d+)/};
foreach $number (1 .. $opt{askers} + $opt{writers})
{
	my $asks = $number <= $opt{askers};

	next if $only && $asks && $number != $only;
	push @clients, start_client($number, $asks, $end, parallel => $parallel);
}
hear_all($end, @clients);

Trial::wait_for_server();
$dbh = connect_to('query_fuzz');
($hits) = $dbh->selectrow_array('SELECT coalesce(sum(hits), 0) FROM topcache.stats');
foreach my $table (grep { $_->{map} } @Field::tables)
{
	my $wrong = $dbh->selectall_arrayref(
		"SELECT * FROM topcache.verify('$table->{map}')");

	fail("verify('$table->{map}'): ", join(', ', map { $_ // '' } @$_)) foreach @$wrong;
}
report($hits);
exit($failures ? 1 : 0);
