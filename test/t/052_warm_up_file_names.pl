# What else can have the name of the file of the warm-up, or of the one that
# it is written to first, holds nobody up and is read by nobody.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use IO::Socket::UNIX;
use POSIX qw(mkfifo);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $node = new_server('names', "topcache.size = 8MB\ntopcache.autowarm = on");
my $file = $node->data_dir . '/topcache.warm';
my $good = $node->basedir . '/good';

# What could be in the place of a file; in the data directory, since the name
# of a socket must be short.
my %kinds = (
	FIFO => sub { mkfifo($_[0], 0600) or die "$_[0]: $!" },
	folder => sub { mkdir $_[0] or die "$_[0]: $!" },
	socket => sub {
		chdir $node->data_dir or die "$!";
		IO::Socket::UNIX->new(Local => $_[1], Listen => 1) or die "$_[1]: $!";
	},
	link => sub { symlink($good, $_[0]) or die "$_[0]: $!" },
	'link to a FIFO' => sub {
		mkfifo("$good.fifo", 0600) unless -p "$good.fifo";
		symlink("$good.fifo", $_[0]) or die "$_[0]: $!";
	});

sub put_kind
{
	my ($kind, $path) = @_;

	remove_kind($path);
	$kinds{$kind}->($path, $path =~ s{.*/}{}r);
	return;
}

sub remove_kind
{
	my ($path) = @_;

	unlink $path unless -d $path && !-l $path;
	rmdir $path if -d $path;
	return;
}

# What the server has logged about the file since; each line once.
sub complaints
{
	my ($from) = @_;

	return count_in_log($node, qr/LOG:  [^\n]*file "topcache\.warm/, $from);
}

sub wait_for_log
{
	my ($from, $pattern, $what) = @_;
	my $log = $node->logfile;

	# a pattern that does not match itself, since statements are logged
	ok( $node->poll_query_until('postgres',
			"SELECT pg_read_file('$log', $from, 10000000) ~ '$pattern'"),
		$what);
	return;
}

sub stops
{
	my ($what) = @_;

	ok($node->stop('fast', fail_ok => 1), "$what: the server stops")
	  or $node->stop('immediate');
	return;
}

$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION topcache;
	CREATE TABLE docs (id int PRIMARY KEY, body text);
	INSERT INTO docs SELECT g, 'body ' || g FROM generate_series(1, 100) g;
	SELECT topcache.attach('docs');
	SELECT count(topcache.get('docs', g)) FROM generate_series(1, 100) g;
});
$node->stop;
rename $file, $good or die "$good: $!";

foreach my $kind (sort keys %kinds)
{
	my $from = -s $node->logfile;

	# in the place of the file
	put_kind($kind, $file);
	$node->start;
	wait_for_log($from, '[i]gnoring file .topcache.warm', "$kind: noticed");
	is( $node->safe_psql('postgres',
			"SELECT records FROM topcache.maps "
			  . "WHERE relation = 'docs'::regclass"),
		'0', 'and nothing is loaded from it');
	worker_rounds($node);
	is(complaints($from), 1, 'one line says so');
	$from = -s $node->logfile;
	stops($kind);
	if ($kind eq 'folder')
	{
		is(complaints($from), 1, 'a folder stays, which one line says');
		ok(!-e "$file.tmp", 'and nothing else is left');
	}
	else
	{
		is(complaints($from), 0, 'it is no matter then');
		ok(-f $file && !-l $file, 'a file has taken its place');
	}
	remove_kind($file);

	# in the place of the one that is written to
	put_kind($kind, "$file.tmp");
	my $target = -s $good;
	$from = -s $node->logfile;
	$node->start;
	worker_rounds($node);
	stops("$kind for a temporary file");
	is(complaints($from), $kind eq 'folder' ? 1 : 0,
		'a line says what could not be done');
	is(-f $file ? 1 : 0, $kind eq 'folder' ? 0 : 1, 'and the rest is done');
	is(-s $good, $target, 'what a link leads to is as it was');
	remove_kind("$file.tmp");
	remove_kind($file);
}

done_testing();
