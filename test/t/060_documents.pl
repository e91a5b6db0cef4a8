# What the documents say: every example in SQL runs, and gives what stands
# below it; the reference names what there is, and nothing else; the guide
# tells what each line in the log means.
#
# In a document, what follows a block of SQL in a block without a language is
# the end of psql's output for it.  An ellipsis stands for anything.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $root = "$FindBin::RealBin/../..";
my @documents = ("$root/README.md", sort glob("$root/docs/*.md"));

my $node = new_server('documents');
$node->append_conf('postgresql.conf', 'topcache.transparent_scan = on');
$node->start;

# The examples of a document: statements, the output shown or undef, a line.
sub examples
{
	my ($text) = @_;
	my @examples;

	while ($text =~ /^```sql\n(.*?)^```\n(?:\n```\n(.*?)^```\n)?/gms)
	{
		my ($sql, $shown) = ($1, $2);
		my $line = 1 + (substr($text, 0, $-[0]) =~ tr/\n//);

		push @examples, { sql => $sql, shown => $shown, line => $line };
	}
	return @examples;
}

# Output without what nobody sees.
sub visible
{
	my ($output) = @_;

	$output =~ s/[ \t]+$//mg;
	$output =~ s/\A\n+|\n+\z//g;
	return $output;
}

sub run_example
{
	my ($database, $example) = @_;
	my ($out, $err) = ('', '');
	my $ok = IPC::Run::run(
		[
			'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1',
			'-P', 'footer=off', '-d', $node->connstr($database)
		],
		'<', \$example->{sql}, '>', \$out, '2>', \$err);

	return ($ok, $out, $err);
}

sub matches
{
	my ($output, $shown) = @_;
	my $pattern = join '.*', map { quotemeta } split /…/, visible($shown), -1;

	return visible($output) =~ /(?:\A|\n)$pattern\z/;
}

foreach my $path (@documents)
{
	my $text = slurp_file($path);
	my ($name) = $path =~ m{([^/]+)\.md$};
	my $database = lc $name;
	my @examples = examples($text);

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	cmp_ok(scalar(@examples), '>', 0, "$name has examples");
	foreach my $example (@examples)
	{
		my ($ok, $out, $err) = run_example($database, $example);
		my $where = "$name, line $example->{line}";

		ok($ok, "$where runs") or diag($err);
		next unless defined $example->{shown};
		ok(matches($out, $example->{shown}), "$where gives what it shows")
		  or diag(visible($out));
	}
}

# ----- the reference -----

my $reference = slurp_file("$root/docs/REFERENCE.md");

# Names in backticks, alone or with what follows them.
my %named = map { $_ => 1 }
  $reference =~ /`(?:topcache\.)?([a-z_0-9]+)/g, $reference =~ /`([^`\n]+)`/g;

sub names
{
	return split /\n/, $node->safe_psql('reference', shift);
}

my %functions = map { $_ => 1 } names(
	q{SELECT DISTINCT proname FROM pg_proc
	   WHERE pronamespace = 'topcache'::regnamespace});
my @columns = names(
	q{SELECT DISTINCT attname FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
	   WHERE relnamespace = 'topcache'::regnamespace AND relkind = 'v' AND attnum > 0});
my @views = names(
	q{SELECT relname FROM pg_class
	   WHERE relnamespace = 'topcache'::regnamespace AND relkind IN ('v', 'r')});
my @settings = names(
	q{SELECT substr(name, 10) FROM pg_settings WHERE name LIKE 'topcache.%'});
my ($code, $out, $err) = $node->psql('reference',
	q{CREATE FOREIGN TABLE bad (x int) SERVER topcache OPTIONS (zzzzzzzz 'x')});
my @options = split /, /, ($err =~ /options in this context are: (.*)/)[0];
($code, $out, $err) = $node->psql('reference',
	q{CREATE FOREIGN TABLE bad (x int OPTIONS (meta 'zzzzzz'))
	   SERVER topcache OPTIONS (relation 'x')});
my @metas = split /, | and /, ($err =~ /It is one of (.*)\./)[0];

cmp_ok(scalar(@options), '>', 1, 'options are known');
cmp_ok(scalar(@metas), '>', 1, 'metadata is known');
is( join(' ', grep { !$named{$_} } sort(keys %functions), @views, @columns,
		@settings, @options, @metas),
	'',
	'the reference names everything');

# The first cell of a row that begins with a name and an opening bracket.
my %is_view = map { $_ => 1 } @views;
my @claimed;
foreach my $cell ($reference =~ /^\| (`\w+\(.*?) \|/mg)
{
	push @claimed, $cell =~ /`(\w+)/g;
}
cmp_ok(scalar(@claimed), '>', 30, 'the reference has functions');
is(join(' ', grep { !$functions{$_} } @claimed),
	'', 'and none that do not exist');

# ----- the log -----

my $guide = slurp_file("$root/docs/OPERATIONS.md");
my $source = join '', map { slurp_file($_) }
  glob("$root/src/*/*.c $root/src/*/*/*.c");
$source =~ s/"\s*\n\s*"//g;
my @messages = $source =~
  /ereport\(\s*(?:LOG|WARNING),.*?errmsg\(\s*"((?:[^"\\]|\\.)*)"/gs;
cmp_ok(scalar(@messages), '>', 4, 'there are messages for the log');
foreach my $message (@messages)
{
	my $begin = $message;

	$begin =~ s/(?: \\"%s\\"| \\?"?%).*//s;
	$begin =~ s/\\"/"/g;
	$begin =~ s/ $//;
	like($guide, qr/\Q$begin\E/, "the guide explains: $begin");
}

# ----- why a map is suspended -----

my ($body) = $source =~ /^tc_map_suspension_text\(.*?\n\{(.*?)\n\}/ms;
my ($rest) = $source =~ /^reason_of_state\(.*?\n\{(.*?)\n\}/ms;
my @reasons = "$body$rest" =~ /return[^;]*?"([^"]+)"/g;
cmp_ok(scalar(@reasons), '>', 8, 'there are reasons');
like($guide, qr/`\Q$_\E`/, "the guide explains: $_") foreach @reasons;

$node->stop;
done_testing();
