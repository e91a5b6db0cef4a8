# Every DDL, committed and rolled back, while others read: what they get is
# what the table gives, and no error that the table would not have given.
#
# Each case goes step by step past readers of all kinds, for maps that cache a
# column and maps of whole rows; then once more under load.

use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use TopcacheDdl;
use TopcacheTest;

my @layouts = ('value', 'row');

# Where the definition names a column that is not there, the map cannot be
# used, and says so.
my $unusable = '55000|42P01';

# Every trigger of the guard as it was made.
my @guard_on = (
	'ALTER TABLE s.t ENABLE ALWAYS TRIGGER topcache_row_changed',
	'ALTER TABLE s.t ENABLE ALWAYS TRIGGER topcache_table_truncated');
my $write = q{UPDATE s.t SET value = '"written unseen"' WHERE key IN ('3', '4')};
my $attach = {
	value => q{SELECT topcache.attach('s.t', value => 'value')},
	row   => q{SELECT topcache.attach('s.t')}
};
my $same_table =
	q{CREATE TABLE s.t (key text CONSTRAINT t_pkey PRIMARY KEY, }
  . q{value jsonb NOT NULL DEFAULT '"default"', n int NOT NULL DEFAULT 0, }
  . q{note text)};
my $new_rows =
	q{INSERT INTO s.t (key, value) SELECT g::text, '"another table"' }
  . q{FROM generate_series(3, 9) g ON CONFLICT DO NOTHING};

sub cases
{
	my ($layout) = @_;

	return (
		# columns
		{
			name => 'ADD COLUMN',
			ddl  => ['ALTER TABLE s.t ADD COLUMN extra int'],
			undo => ['ALTER TABLE s.t DROP COLUMN extra'],
		},
		{
			name => 'ADD COLUMN with a default that is not stored',
			ddl  => [
				q{ALTER TABLE s.t ADD COLUMN extra text NOT NULL DEFAULT 'given'},
				q{INSERT INTO s.t (key, extra) VALUES ('9', 'own') ON CONFLICT DO NOTHING}
			],
			undo => ['ALTER TABLE s.t DROP COLUMN extra'],
		},
		{
			name => 'ADD COLUMN with a rewrite',
			ddl  => ['ALTER TABLE s.t ADD COLUMN extra float8 DEFAULT random()'],
			undo => ['ALTER TABLE s.t DROP COLUMN extra'],
		},
		{
			name => 'ADD COLUMN that is generated',
			ddl  => [
				'ALTER TABLE s.t ADD COLUMN twice int '
				  . 'GENERATED ALWAYS AS (n * 2) STORED',
				q{UPDATE s.t SET n = n + 1 WHERE key = '3'}
			],
			undo => ['ALTER TABLE s.t DROP COLUMN twice'],
		},
		{
			name => 'DROP COLUMN',
			ddl  => ['ALTER TABLE s.t DROP COLUMN note'],
			undo => ['ALTER TABLE s.t ADD COLUMN note text'],
		},
		{
			name     => 'DROP COLUMN that is cached',
			ddl      => ['ALTER TABLE s.t DROP COLUMN value'],
			undo     => [
				q{ALTER TABLE s.t ADD COLUMN value jsonb NOT NULL }
				  . q{DEFAULT '"again"'},
				# another column of that name is not the one that was attached
				q{SELECT topcache.detach('s.t')}, $attach->{$layout}
			],
			$layout eq 'value'
			? (may_fail => $unusable, suspended => 'column')
			: (),
		},
		{
			name => 'RENAME COLUMN',
			ddl  => ['ALTER TABLE s.t RENAME COLUMN note TO remark'],
			undo => ['ALTER TABLE s.t RENAME COLUMN remark TO note'],
		},
		# a column that is cached is followed, so this is for rows alone
		$layout eq 'row'
		? +{
			name => 'RENAME COLUMN of two columns for each other',
			setup => [q{ALTER TABLE s.t ADD COLUMN other jsonb DEFAULT '"other"'}],
			ddl  => [
				'ALTER TABLE s.t RENAME COLUMN value TO third',
				'ALTER TABLE s.t RENAME COLUMN other TO value',
				'ALTER TABLE s.t RENAME COLUMN third TO other'
			],
			undo => [
				'ALTER TABLE s.t RENAME COLUMN value TO third',
				'ALTER TABLE s.t RENAME COLUMN other TO value',
				'ALTER TABLE s.t RENAME COLUMN third TO other'
			],
		}
		: (),
		{
			name => 'RENAME COLUMN that is cached',
			ddl  => ['ALTER TABLE s.t RENAME COLUMN value TO content'],
			undo => ['ALTER TABLE s.t RENAME COLUMN content TO value'],
		},
		{
			# still a map, but not one with a column of that name
			name     => 'RENAME COLUMN of the key',
			ddl      => ['ALTER TABLE s.t RENAME COLUMN key TO name'],
			undo     => ['ALTER TABLE s.t RENAME COLUMN name TO key'],
			gone     => 1,
		},
		{
			name => 'ALTER COLUMN TYPE without a rewrite',
			setup => ['ALTER TABLE s.t ALTER COLUMN note TYPE varchar(20)'],
			ddl  => ['ALTER TABLE s.t ALTER COLUMN note TYPE varchar(40)'],
			undo => ['ALTER TABLE s.t ALTER COLUMN note TYPE varchar(20)'],
		},
		{
			name => 'ALTER COLUMN TYPE of the key without a rewrite',
			ddl  => ['ALTER TABLE s.t ALTER COLUMN key TYPE varchar'],
			undo => ['ALTER TABLE s.t ALTER COLUMN key TYPE text'],
		},
		{
			name => 'ALTER COLUMN TYPE with a rewrite',
			ddl  => ['ALTER TABLE s.t ALTER COLUMN n TYPE numeric(10, 2)'],
			undo => ['ALTER TABLE s.t ALTER COLUMN n TYPE int'],
		},
		{
			name => 'ALTER COLUMN TYPE of what is cached',
			ddl  => [
				'ALTER TABLE s.t ALTER COLUMN value DROP DEFAULT',
				q{ALTER TABLE s.t ALTER COLUMN value TYPE text }
				  . q{USING 'text ' || value::text}
			],
			undo => [
				'ALTER TABLE s.t ALTER COLUMN value TYPE jsonb '
				  . 'USING to_jsonb(value)'
			],
		},
		{
			name => 'ALTER COLUMN TYPE of the key with a rewrite',
			ddl  => ['ALTER TABLE s.t ALTER COLUMN key TYPE int USING key::int'],
			undo => ['ALTER TABLE s.t ALTER COLUMN key TYPE text'],
		},
		{
			name => 'ALTER COLUMN TYPE to another collation',
			ddl  => ['ALTER TABLE s.t ALTER COLUMN key TYPE text COLLATE "POSIX"'],
			undo => ['ALTER TABLE s.t ALTER COLUMN key TYPE text'],
		},
		{
			name => 'SET DEFAULT',
			ddl  => [
				q{ALTER TABLE s.t ALTER COLUMN value SET DEFAULT '"new default"'},
				q{INSERT INTO s.t (key) VALUES ('9') ON CONFLICT DO NOTHING}
			],
		},
		{
			name => 'DROP NOT NULL, a null, SET NOT NULL',
			ddl  => [
				'ALTER TABLE s.t ALTER COLUMN value DROP NOT NULL',
				q{UPDATE s.t SET value = NULL WHERE key = '3'}
			],
			undo => [
				q{UPDATE s.t SET value = '3' WHERE value IS NULL},
				'ALTER TABLE s.t ALTER COLUMN value SET NOT NULL'
			],
		},
		{
			name => 'ADD CONSTRAINT',
			ddl  => ['ALTER TABLE s.t ADD CONSTRAINT c CHECK (n > -1000)'],
			undo => ['ALTER TABLE s.t DROP CONSTRAINT c'],
		},
		{
			name => 'SET STORAGE, SET STATISTICS, fillfactor',
			ddl  => [
				'ALTER TABLE s.t ALTER COLUMN value SET STORAGE EXTERNAL',
				'ALTER TABLE s.t ALTER COLUMN note SET STATISTICS 10',
				'ALTER TABLE s.t SET (fillfactor = 50)'
			],
		},

		# files
		{
			name  => 'VACUUM FULL',
			ddl   => ['VACUUM FULL s.t'],
			alone => 1,
		},
		{
			name => 'CLUSTER',
			ddl  => ['CLUSTER s.t USING t_pkey', $write],
		},
		{
			name => 'TRUNCATE',
			ddl  => ['TRUNCATE s.t'],
			undo => [$new_rows],
		},
		{
			name => 'TRUNCATE and new rows',
			ddl  => ['TRUNCATE s.t', $new_rows],
		},
		{
			name => 'TRUNCATE by CASCADE',
			setup => [
				'CREATE TABLE s.parent (id int PRIMARY KEY)',
				'INSERT INTO s.parent SELECT generate_series(0, 100)',
				'ALTER TABLE s.t ADD FOREIGN KEY (n) REFERENCES s.parent'
			],
			ddl => ['TRUNCATE s.parent CASCADE'],
			undo => [
				'INSERT INTO s.parent SELECT generate_series(0, 100)',
				$new_rows
			],
		},
		{
			name => 'TRUNCATE undone by a savepoint',
			ddl  => [
				'SAVEPOINT b', 'TRUNCATE s.t', $new_rows, 'ROLLBACK TO b',
				$write
			],
		},
		{
			name => 'SET LOGGED and SET UNLOGGED',
			ddl  => ['ALTER TABLE s.t SET UNLOGGED', $write],
			undo => ['ALTER TABLE s.t SET LOGGED'],
		},
		{
			name => 'SET TABLESPACE',
			ddl  => ['ALTER TABLE s.t SET TABLESPACE other', $write],
			undo => ['ALTER TABLE s.t SET TABLESPACE pg_default'],
		},

		# indexes
		{
			name => 'REINDEX',
			ddl  => ['REINDEX TABLE s.t', 'REINDEX INDEX s.t_pkey', $write],
		},
		{
			name  => 'REINDEX CONCURRENTLY',
			ddl   => ['REINDEX TABLE CONCURRENTLY s.t'],
			alone => 1,
		},
		{
			name      => 'DROP CONSTRAINT of the primary key',
			ddl       => ['ALTER TABLE s.t DROP CONSTRAINT t_pkey', $write],
			undo      => ['ALTER TABLE s.t ADD CONSTRAINT t_pkey PRIMARY KEY (key)'],
			suspended => 'index',
			steps_only => 1,
		},
		{
			name => 'primary key dropped and made again',
			ddl  => [
				'ALTER TABLE s.t DROP CONSTRAINT t_pkey',
				$write,
				'ALTER TABLE s.t ADD CONSTRAINT t_pkey PRIMARY KEY (key)'
			],
		},
		{
			# the index does not lead to what old snapshots see
			name => 'primary key made again over changed keys',
			setup => [
				'UPDATE s.t SET n = n',
				'ALTER TABLE s.t SET (fillfactor = 20)'
			],
			ddl => [
				'ALTER TABLE s.t DROP CONSTRAINT t_pkey',
				q{UPDATE s.t SET key = 'x' || key WHERE key IN ('3', '4', '5')},
				q{UPDATE s.t SET key = '5' WHERE key = 'x3'},
				q{UPDATE s.t SET key = '3' WHERE key = 'x4'},
				q{DELETE FROM s.t WHERE key = 'x5'},
				'ALTER TABLE s.t ADD CONSTRAINT t_pkey PRIMARY KEY (key)'
			],
		},
		{
			name => 'primary key replaced by a unique index',
			ddl  => [
				'ALTER TABLE s.t DROP CONSTRAINT t_pkey',
				'CREATE UNIQUE INDEX t_other ON s.t (key)',
				'ALTER TABLE s.t ALTER COLUMN key SET NOT NULL'
			],
			undo => [
				'DROP INDEX s.t_other',
				'ALTER TABLE s.t ADD CONSTRAINT t_pkey PRIMARY KEY (key)'
			],
		},
		{
			name => 'primary key made deferrable',
			ddl  => [
				'ALTER TABLE s.t DROP CONSTRAINT t_pkey',
				'ALTER TABLE s.t ADD CONSTRAINT t_pkey PRIMARY KEY (key) '
				  . 'DEFERRABLE INITIALLY DEFERRED'
			],
			undo => [
				'ALTER TABLE s.t DROP CONSTRAINT t_pkey',
				'ALTER TABLE s.t ADD CONSTRAINT t_pkey PRIMARY KEY (key)'
			],
			suspended => 'index',
		},
		{
			name => 'CREATE INDEX',
			ddl  => ['CREATE INDEX ON s.t (n)'],
			undo => ['DROP INDEX s.t_n_idx'],
			warm => 1,
		},
		{
			name  => 'CREATE INDEX CONCURRENTLY',
			ddl   => ['CREATE INDEX CONCURRENTLY ON s.t (n)'],
			undo  => ['DROP INDEX CONCURRENTLY s.t_n_idx'],
			warm  => 1,
			alone => 1,
		},
		{
			name  => 'VACUUM',
			ddl   => ['VACUUM s.t'],
			warm  => 1,
			alone => 1,
		},
		{
			name  => 'VACUUM FREEZE',
			ddl   => ['VACUUM (FREEZE) s.t'],
			warm  => 1,
			alone => 1,
		},
		{
			name => 'ANALYZE',
			ddl  => ['ANALYZE s.t'],
			warm => 1,
		},

		# names and owners
		{
			name => 'RENAME TABLE',
			ddl  => ['ALTER TABLE s.t RENAME TO u'],
			undo => ['ALTER TABLE s.u RENAME TO t'],
			gone => 1,
			no_lock => 1,
		},
		{
			name  => 'RENAME of two tables for each other',
			setup => [
				'ALTER TABLE s.t RENAME TO u', 'ALTER INDEX s.t_pkey RENAME TO u_pkey',
				$same_table, $new_rows, 'GRANT SELECT ON s.t TO readers',
				$attach->{$layout}
			],
			ddl => [
				'ALTER TABLE s.t RENAME TO third',
				'ALTER TABLE s.u RENAME TO t',
				'ALTER TABLE s.third RENAME TO u'
			],
			undo => [
				'ALTER TABLE s.t RENAME TO third',
				'ALTER TABLE s.u RENAME TO t',
				'ALTER TABLE s.third RENAME TO u'
			],
			no_lock => 1,
		},
		{
			name => 'RENAME SCHEMA',
			ddl  => ['ALTER SCHEMA s RENAME TO other'],
			undo => ['ALTER SCHEMA other RENAME TO s'],
			gone => 1,
			no_lock => 1,
		},
		{
			name  => 'SET SCHEMA',
			setup => ['CREATE SCHEMA other'],
			ddl   => ['ALTER TABLE s.t SET SCHEMA other'],
			undo  => ['ALTER TABLE other.t SET SCHEMA s'],
			gone  => 1,
			no_lock => 1,
		},
		{
			name => 'OWNER TO',
			ddl  => ['ALTER TABLE s.t OWNER TO reader', $write],
			undo => ['ALTER TABLE s.t OWNER TO CURRENT_USER'],
		},

		# the guard
		{
			name => 'DISABLE TRIGGER',
			ddl  => ['ALTER TABLE s.t DISABLE TRIGGER topcache_row_changed', $write],
			undo => [@guard_on],
			suspended => 'triggers',
		},
		{
			name => 'DISABLE TRIGGER of TRUNCATE',
			ddl  => [
				'ALTER TABLE s.t DISABLE TRIGGER topcache_table_truncated',
				$write, 'TRUNCATE s.t', $new_rows
			],
			undo      => [@guard_on],
			suspended => 'triggers',
		},
		{
			name      => 'DISABLE TRIGGER USER',
			ddl       => ['ALTER TABLE s.t DISABLE TRIGGER USER', $write],
			undo      => [@guard_on],
			suspended => 'triggers',
		},
		{
			name      => 'DISABLE TRIGGER ALL',
			ddl       => ['ALTER TABLE s.t DISABLE TRIGGER ALL', $write],
			undo      => [ 'ALTER TABLE s.t ENABLE TRIGGER ALL', @guard_on ],
			suspended => 'triggers',
		},
		{
			name => 'ENABLE TRIGGER, which makes it always',
			ddl  => [ 'ALTER TABLE s.t ENABLE TRIGGER ALL', $write ],
		},
		{
			name => 'ENABLE REPLICA TRIGGER',
			ddl  => [
				'ALTER TABLE s.t ENABLE REPLICA TRIGGER topcache_row_changed',
				$write
			],
			undo      => [@guard_on],
			suspended => 'triggers',
		},
		{
			name => 'DISABLE TRIGGER, writes, ENABLE in one transaction',
			ddl  => [
				'ALTER TABLE s.t DISABLE TRIGGER ALL', $write,
				q{DELETE FROM s.t WHERE key = '5'}, @guard_on
			],
		},
		{
			name => 'DISABLE TRIGGER, writes, ENABLE one after the other',
			ddl  => [
				'ALTER TABLE s.t DISABLE TRIGGER ALL', $write,
				q{DELETE FROM s.t WHERE key = '5'}, @guard_on
			],
			alone => 1,
		},
		{
			name => 'DISABLE TRIGGER undone by a savepoint',
			ddl  => [
				'SAVEPOINT b', 'ALTER TABLE s.t DISABLE TRIGGER ALL', $write,
				'ROLLBACK TO b', q{UPDATE s.t SET value = '8' WHERE key = '3'}
			],
		},
		{
			name      => 'DROP TRIGGER',
			ddl       => [ 'DROP TRIGGER topcache_row_changed ON s.t', $write ],
			undo      => [
				'CREATE TRIGGER topcache_row_changed AFTER INSERT OR DELETE '
				  . 'OR UPDATE ON s.t FOR EACH ROW '
				  . 'EXECUTE FUNCTION topcache.row_changed()',
				@guard_on
			],
			suspended => 'triggers',
		},
		{
			name => 'DROP TRIGGER, writes, CREATE TRIGGER in one transaction',
			ddl  => [
				'DROP TRIGGER topcache_row_changed ON s.t',
				$write,
				'CREATE TRIGGER topcache_row_changed AFTER INSERT OR DELETE '
				  . 'OR UPDATE ON s.t FOR EACH ROW '
				  . 'EXECUTE FUNCTION topcache.row_changed()',
				@guard_on
			],
		},
		{
			name => 'a trigger replaced by one that looks away',
			ddl  => [
				'CREATE OR REPLACE TRIGGER topcache_row_changed AFTER INSERT OR '
				  . 'DELETE OR UPDATE OF n ON s.t FOR EACH ROW '
				  . 'EXECUTE FUNCTION topcache.row_changed()',
				$write
			],
			undo => [
				'CREATE OR REPLACE TRIGGER topcache_row_changed AFTER INSERT OR '
				  . 'DELETE OR UPDATE ON s.t FOR EACH ROW '
				  . 'EXECUTE FUNCTION topcache.row_changed()',
				@guard_on
			],
			suspended => 'triggers',
		},
		{
			name => 'triggers of the user',
			ddl  => [
				'CREATE OR REPLACE FUNCTION s.note() RETURNS trigger '
				  . q{LANGUAGE plpgsql AS 'BEGIN NEW.note := NEW.value; }
				  . q{NEW.value := ''"by trigger"''; RETURN NEW; END'},
				'CREATE TRIGGER note BEFORE INSERT OR UPDATE ON s.t '
				  . 'FOR EACH ROW EXECUTE FUNCTION s.note()',
				$write
			],
			undo => ['DROP TRIGGER note ON s.t'],
		},
		{
			name => 'a rule instead',
			ddl  => [
				'CREATE RULE r AS ON DELETE TO s.t DO INSTEAD '
				  . q{UPDATE s.t SET value = '"not deleted"' WHERE key = OLD.key},
				q{DELETE FROM s.t WHERE key = '3'}
			],
			undo => ['DROP RULE r ON s.t'],
		},

		# privileges
		{
			name => 'ENABLE ROW LEVEL SECURITY and a policy',
			ddl  => [
				'ALTER TABLE s.t ENABLE ROW LEVEL SECURITY',
				'CREATE POLICY p ON s.t USING (n < 5)'
			],
			undo => [
				'DROP POLICY p ON s.t',
				'ALTER TABLE s.t DISABLE ROW LEVEL SECURITY'
			],
		},
		{
			name  => 'ALTER POLICY',
			setup => [
				'ALTER TABLE s.t ENABLE ROW LEVEL SECURITY',
				'CREATE POLICY p ON s.t USING (n < 5)'
			],
			ddl  => ['ALTER POLICY p ON s.t USING (n > 3)'],
			undo => ['ALTER POLICY p ON s.t USING (n < 5)'],
		},
		{
			name => 'REVOKE SELECT',
			ddl  => ['REVOKE SELECT ON s.t FROM readers'],
			undo => ['GRANT SELECT ON s.t TO readers'],
			no_lock => 1,
		},
		{
			name => 'REVOKE SELECT, GRANT it on the columns',
			ddl  => [
				'REVOKE SELECT ON s.t FROM readers',
				'GRANT SELECT (key, value, n, note) ON s.t TO readers'
			],
			undo => ['GRANT SELECT ON s.t TO readers'],
			no_lock => 1,
		},
		{
			name => 'REVOKE SELECT on one column',
			ddl  => [
				'REVOKE SELECT ON s.t FROM readers',
				'GRANT SELECT (key, n, note) ON s.t TO readers'
			],
			undo => ['GRANT SELECT ON s.t TO readers'],
			no_lock => 1,
		},
		{
			name => 'REVOKE of a role',
			ddl  => ['REVOKE readers FROM reader'],
			undo => ['GRANT readers TO reader'],
			no_lock => 1,
		},
		{
			name => 'REVOKE USAGE on the schema',
			ddl  => ['REVOKE USAGE ON SCHEMA s FROM readers'],
			undo => ['GRANT USAGE ON SCHEMA s TO readers'],
			no_lock => 1,
		},

		# other tables
		{
			name => 'DROP TABLE and a new one attached',
			ddl  => [
				'DROP TABLE s.t', $same_table, $new_rows,
				'GRANT SELECT ON s.t TO readers', $attach->{$layout}
			],
		},
		{
			name => 'DROP TABLE and a new one not attached',
			ddl  => [
				'DROP TABLE s.t', $same_table, $new_rows,
				'GRANT SELECT ON s.t TO readers'
			],
			undo     => [ $attach->{$layout} ],
			may_fail => $unusable,
			gone     => 1,
		},
		{
			name => 'DROP TABLE and CREATE TABLE AS',
			ddl  => [
				'CREATE TABLE s.third AS TABLE s.t',
				'DROP TABLE s.t',
				'ALTER TABLE s.third RENAME TO t',
				'ALTER TABLE s.t ADD PRIMARY KEY (key)',
				'GRANT SELECT ON s.t TO readers',
				$attach->{$layout}
			],
		},
		{
			name     => 'detach and attach',
			ddl      => [q{SELECT topcache.detach('s.t')}, $write],
			undo     => [ $attach->{$layout} ],
			may_fail => $unusable,
			gone     => 1,
		},
		{
			name => 'detach, writes, attach in one transaction',
			ddl  => [
				q{SELECT topcache.detach('s.t')}, $write, $attach->{$layout}
			],
		},
		{
			name => 'DROP EXTENSION',
			ddl  => [ 'DROP EXTENSION topcache CASCADE', $write ],
			undo => [ 'CREATE EXTENSION topcache', $attach->{$layout} ],
			# neither schema nor functions are there
			may_fail => '42883|42P01|55000',
			gone     => 1,
		},
		{
			name  => 'ATTACH PARTITION',
			setup => [
				'CREATE TABLE s.parent (LIKE s.t) PARTITION BY LIST (note)',
				q{UPDATE s.t SET note = 'x'},
				q{ALTER TABLE s.t ALTER COLUMN note SET DEFAULT 'x'}
			],
			ddl => [
				q{ALTER TABLE s.parent ATTACH PARTITION s.t FOR VALUES IN ('x')},
				q{UPDATE s.parent SET value = '"by the parent"' WHERE key = '3'},
				q{DELETE FROM s.parent WHERE key = '4'},
				q{DELETE FROM s.parent WHERE key = '10'},
				q{INSERT INTO s.parent (key, value, n, note) }
				  . q{VALUES ('10', '"by the parent"', 1, 'x')}
			],
			undo => ['ALTER TABLE s.parent DETACH PARTITION s.t'],
		},
		{
			name  => 'rows that move between partitions',
			setup => [
				'CREATE TABLE s.parent (LIKE s.t) PARTITION BY LIST (note)',
				q{CREATE TABLE s.sister PARTITION OF s.parent FOR VALUES IN ('y')},
				q{UPDATE s.t SET note = 'x'},
				q{ALTER TABLE s.t ALTER COLUMN note SET DEFAULT 'x'},
				q{ALTER TABLE s.parent ATTACH PARTITION s.t FOR VALUES IN ('x')}
			],
			ddl => [
				q{UPDATE s.parent SET note = 'y' WHERE key IN ('3', '4')},
				q{UPDATE s.parent SET note = 'x', value = '"back"' WHERE key = '4'}
			],
			undo => [
				q{UPDATE s.parent SET note = 'x' WHERE note = 'y' }
				  . 'AND key NOT IN (SELECT key FROM s.t)'
			],
		},
		{
			name  => 'INHERIT',
			setup => ['CREATE TABLE s.parent (LIKE s.t)'],
			ddl   => [
				'ALTER TABLE s.t INHERIT s.parent',
				q{UPDATE s.parent SET value = '"by the parent"' WHERE key = '3'}
			],
			undo => ['ALTER TABLE s.t NO INHERIT s.parent'],
		},
		{
			name => 'a table that inherits from it',
			ddl  => [
				'CREATE TABLE s.child () INHERITS (s.t)',
				q{INSERT INTO s.child (key, value) VALUES ('10', '"child"')}
			],
			undo      => ['DROP TABLE s.child'],
			suspended => 'inherit',
		},
		{
			name  => 'a table that comes to inherit from it',
			setup => [
				'CREATE TABLE s.child (LIKE s.t)',
				q{INSERT INTO s.child (key, value, n) VALUES ('10', '"child"', 1)}
			],
			ddl       => ['ALTER TABLE s.child INHERIT s.t'],
			undo      => ['ALTER TABLE s.child NO INHERIT s.t'],
			suspended => 'inherit',
		},
		{
			name => 'another access method',
			ddl  => ['ALTER TABLE s.t SET ACCESS METHOD heap_too', $write],
			undo => ['ALTER TABLE s.t SET ACCESS METHOD heap'],
		},);
}

foreach my $layout (@layouts)
{
	my $node     = ddl_server("ddl_$layout", $layout);
	my @cases = cases($layout);

	$node->safe_psql('postgres',
		"CREATE TABLESPACE other LOCATION '';\n"
		  . 'CREATE ACCESS METHOD heap_too TYPE TABLE '
		  . 'HANDLER heap_tableam_handler');

	my $sessions = ddl_readers($node);
	foreach my $case (@cases)
	{
		ddl_step($node, $sessions, $case, 'COMMIT');
		ddl_step($node, $sessions, $case, 'ROLLBACK') unless $case->{alone};
	}
	close_session($_) foreach values %$sessions;

	# this takes its time: one layout and every third case are enough
	if ($layout eq 'row')
	{
		my $load = ddl_start_load($node);

		ddl_under_load($node, $load, $cases[$_])
		  foreach grep { $_ % 3 == 0 } 0 .. $#cases;
		ddl_finish_load($node, $load);
	}
	$node->stop;
}

done_testing();
