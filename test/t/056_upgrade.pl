# Upgrade scripts: for every older version that there is a script for, the
# extension updated to the current version is the one that is installed
# afresh, object by object, and maps made before work on.
#
# As long as there is no older version, one is made up: the current script
# without some of its objects, and the script that adds them.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheTest;

my $node    = new_server('upgrade');
my $scripts = $node->config_data('--sharedir') . '/extension';
my $current = slurp_file("$scripts/topcache.control") =~
  /default_version = '([^']+)'/ ? $1 : die "no default version";

# A version without what is between two lines of the current script.
my $made_up = '0.0';
my @files   = map { "$scripts/topcache--$_.sql" } $made_up, "$made_up--$current";

sub make_up
{
	my $script = slurp_file("$scripts/topcache--$current.sql");

	$script =~ s/(CREATE FUNCTION topcache\.advise\(.*?;\nCOMMENT ON .*?;\n)//s
	  or die 'the script has changed';
	append_to_file($files[0], $script);
	append_to_file($files[1], $1);
	return;
}

END { unlink grep { defined && -e } @files; }

plan skip_all => "$scripts is not for us to write to" unless -w $scripts;
unlink @files;
make_up();
$node->start;

# Everything about the members of the extension that an upgrade may forget.
my $contents_sql = q{
SELECT pg_describe_object(classid, objid, 0) AS what,
	   coalesce(CASE classid
			WHEN 'pg_proc'::regclass THEN pg_get_functiondef(objid)
			WHEN 'pg_class'::regclass THEN
				(SELECT concat_ws(E'\n', relkind, relacl, relrowsecurity,
						CASE relkind WHEN 'v' THEN pg_get_viewdef(objid) END,
						(SELECT string_agg(concat_ws(' ', attname, attnum,
									format_type(atttypid, atttypmod), attnotnull,
									pg_get_expr(adbin, adrelid),
									col_description(attrelid, attnum)), E'\n'
									ORDER BY attnum)
						   FROM pg_attribute LEFT JOIN pg_attrdef
							 ON adrelid = attrelid AND adnum = attnum
						  WHERE attrelid = objid AND attnum > 0
							AND NOT attisdropped),
						(SELECT string_agg(concat_ws(' ', pg_get_triggerdef(t.oid),
									tgenabled), E'\n' ORDER BY tgname)
						   FROM pg_trigger t WHERE tgrelid = objid))
				   FROM pg_class WHERE oid = objid)
			WHEN 'pg_event_trigger'::regclass THEN
				(SELECT concat_ws(' ', evtevent, evtfoid::regproc, evtenabled, evttags)
				   FROM pg_event_trigger WHERE oid = objid)
			WHEN 'pg_foreign_data_wrapper'::regclass THEN
				(SELECT concat_ws(' ', fdwhandler::regproc, fdwvalidator::regproc, fdwacl)
				   FROM pg_foreign_data_wrapper WHERE oid = objid)
			WHEN 'pg_foreign_server'::regclass THEN
				(SELECT concat_ws(' ', srvoptions, srvacl)
				   FROM pg_foreign_server WHERE oid = objid)
			WHEN 'pg_namespace'::regclass THEN
				(SELECT nspacl::text FROM pg_namespace WHERE oid = objid)
	   END, '') AS contents,
	   (SELECT proacl FROM pg_proc
		 WHERE classid = 'pg_proc'::regclass AND oid = objid) AS privileges,
	   obj_description(objid, classid::regclass::name) AS comment
  FROM pg_depend
 WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
   AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'topcache')
UNION ALL
SELECT 'extension', concat_ws(' ', extversion, extrelocatable, extconfig::regclass[],
							  extcondition), NULL, NULL
  FROM pg_extension WHERE extname = 'topcache'
 ORDER BY 1, 2};

sub in_new_database
{
	my ($database, $sql) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, $sql);
	return $node->safe_psql($database, $contents_sql);
}

my $fresh = in_new_database('fresh', 'CREATE EXTENSION topcache');
like($fresh, qr/function topcache\.get/, 'the contents are known');

my @versions = split /\n/, $node->safe_psql(
	'postgres', qq{
	SELECT source FROM pg_extension_update_paths('topcache')
	 WHERE target = '$current' AND path IS NOT NULL
	   AND EXISTS (SELECT FROM pg_available_extension_versions
					WHERE name = 'topcache' AND version = source)
	 ORDER BY source});
is(scalar(grep { $_ eq $made_up } @versions), 1, 'there is an older version');

my $n = 0;
foreach my $version (@versions)
{
	my $database = 'old_' . ++$n;
	my $before   = in_new_database(
		$database, qq{
		CREATE EXTENSION topcache VERSION '$version';
		SELECT topcache.create_map('kept');
		SELECT topcache.put('kept', 'a', '"before"');
	});

	isnt($before, $fresh, "$version is another one");
	$node->safe_psql($database, 'ALTER EXTENSION topcache UPDATE');
	is($node->safe_psql($database, $contents_sql),
		$fresh, "$version, updated, is what $current is");
	is( $node->safe_psql(
			$database,
			"SELECT topcache.put('kept', 'b', '1'); "
			  . "SELECT topcache.get('kept', 'a'), topcache.get('kept', 'b')"),
		qq{t\n"before"|1},
		"$version: maps work on");
}

$node->stop;
done_testing();
