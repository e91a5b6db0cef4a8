# A reader of the soak test: makes the check of topcache over and over, in
# every form and at every isolation level, so that the segment is full and
# evicts all the time.
#
# Its journal has a line "C KEYS" for each check, and the lines D and E of the
# writers'.

package SoakReader;

use strict;
use warnings FATAL => 'all';

use parent 'SoakWriter';

use SoakMaps;

sub work
{
	my ($self) = @_;
	my @maps   = map_names();
	my @levels = ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE');

	$self->{dbh} = SoakWriter::open_session() or return;
	while (!$self->{lost})
	{
		my $map    = $maps[ int(rand(@maps)) ];
		my @checks = check_sqls($map);
		my $check  = sub { $self->check($checks[ int(rand(@checks)) ]) };

		if (rand() < 0.03)
		{
			$self->attempt(sub { $self->drop_or_load($map) });
		}
		elsif (rand() < 0.8)
		{
			$self->attempt($check);
		}
		else
		{
			my $level = $levels[ int(rand(@levels)) ];

			$self->attempt(
				sub {
					$self->{dbh}->do("BEGIN ISOLATION LEVEL $level");
					$check->() foreach 1 .. 1 + int(rand(5));
					$self->{dbh}->do('COMMIT');
				})
			  || $self->attempt(sub { $self->{dbh}->do('ROLLBACK') });
		}
	}
	return;
}

sub check
{
	my ($self, $sql) = @_;
	my ($many, $bad) = $self->{dbh}->selectrow_array($sql);

	$self->note("C\t$many");
	$self->note("D\t$sql: $bad") if defined $bad;
	return;
}

sub drop_or_load
{
	my ($self, $map) = @_;
	my @statements = (
		"SELECT topcache.evict_all('$map')",
		"SELECT topcache.evict_lru('$map', 100)",
		"SELECT topcache.hydrate('$map', 200)");

	$self->{dbh}->selectrow_array($statements[ int(rand(@statements)) ]);
	return;
}

1;
