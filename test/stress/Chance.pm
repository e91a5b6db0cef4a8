# Random choices that a seed repeats.
#
# Every transaction of a client has random numbers of its own, made from the
# seed, the client and the number of the transaction: what it does depends on
# nothing that happened before.

package Chance;

use strict;
use warnings FATAL => 'all';

use Digest::MD5 'md5';
use Exporter 'import';

our @EXPORT = qw(chance_seed below between chance pick weighted);

sub chance_seed
{
	srand(unpack('N', md5(join('/', @_))));
	return;
}

# A number from 0 to one less than this.
sub below { return int(rand($_[0])) }

sub between { return $_[0] + below($_[1] - $_[0] + 1) }

# True in so many of a hundred cases.
sub chance { return rand(100) < $_[0] }

sub pick { return $_[ below(scalar @_) ] }

# One of [weight, thing] ...
sub weighted
{
	my $sum = 0;

	$sum += $_->[0] foreach @_;
	my $at = rand($sum);
	foreach my $choice (@_)
	{
		$at -= $choice->[0];
		return $choice->[1] if $at < 0;
	}
	return $_[-1][1];
}

1;
