# A mail server for the tests: SMTP with STARTTLS and AUTH PLAIN, a process a
# connection.  The local part of a recipient says what it replies: 550-5.1.1-x
# "550 5.1.1 ..." to RCPT, data-550-5.7.1-x to the mail itself, once-451-4.7.1-x
# at the first try, hang-x nothing, slow-200-x after 200 milliseconds.  Every mail is a line of JSON in a file.
package MailServer;
use strict;
use warnings;

use IO::Socket::INET;
use IO::Socket::SSL;
use JSON::PP;
use MIME::Base64;
use POSIX ();
use Time::HiRes qw(sleep time);

# start(TLS, FILE, OPTIONS): TLS is a directory of test/gateway/make-tls; options: plain (no
# STARTTLS), user and password (then a login is needed)
sub start
{
	my ($class, $tls, $file, %options) = @_;
	my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 50, ReuseAddr => 1)
	  or die "no port: $!";
	my $self = bless { port => $listener->sockport, file => $file }, $class;
	$self->{pid} = fork // die "no process: $!";
	return $self if $self->{pid};
	# what the test does at its end is not for its children
	$SIG{TERM} = sub { POSIX::_exit(0) };
	$SIG{CHLD} = 'IGNORE';
	$SIG{PIPE} = 'IGNORE';
	while (1)
	{
		my $connection = $listener->accept or next;
		if (my $child = fork) { close $connection; next }
		eval { serve($connection, $tls, $file, %options) };
		POSIX::_exit(0);
	}
}

sub stop
{
	my ($self) = @_;
	return unless $self->{pid};
	kill 'KILL', $self->{pid};
	waitpid $self->{pid}, 0;
	$self->{pid} = 0;
	return;
}

# mails(RECIPIENT): those that came so far
sub mails
{
	my ($self, $to) = @_;
	open my $in, '<', $self->{file} or return;
	return grep { !defined $to || $_->{to} eq $to } map { decode_json($_) } <$in>;
}

sub serve
{
	my ($connection, $tls, $file, %options) = @_;
	my %state = (secure => 0, in => !$options{user});
	my $say = sub { print $connection map { "$_\r\n" } @_; return };
	$say->('220 mail.test ESMTP');
	while (defined(my $line = <$connection>))
	{
		$line =~ s/\r?\n$//;
		if ($line =~ /^EHLO/i)
		{
			my @features = ('ENHANCEDSTATUSCODES', ($state{secure} || $options{plain} ? () : 'STARTTLS'), ($options{user} && $state{secure} ? 'AUTH PLAIN' : ()));
			$say->('250-mail.test', (map { "250-$_" } @features), '250 SIZE 1000000');
		}
		elsif ($line =~ /^STARTTLS/i)
		{
			$say->('220 2.0.0 go on');
			IO::Socket::SSL->start_SSL($connection, SSL_server => 1, SSL_cert_file => "$tls/server.pem", SSL_key_file => "$tls/server.key") or return;
			$state{secure} = 1;
		}
		elsif ($line =~ /^AUTH PLAIN ?(\S*)/i)
		{
			my $said = $1;
			if ($said eq '') { $say->('334 '); chomp($said = <$connection>); }
			$state{in} = decode_base64($said) eq "\0$options{user}\0$options{password}";
			$say->($state{in} ? '235 2.7.0 good' : '535 5.7.8 no such login');
		}
		elsif ($line =~ /^MAIL FROM:<(.*?)>/i) { $state{from} = $1; $say->($state{in} ? '250 2.1.0 ok' : '530 5.7.0 log in first') }
		elsif ($line =~ /^RCPT TO:<((.*?)@.*?)>/i)
		{
			($state{to}, $state{name}) = ($1, $2);
			sleep 60 if $state{name} =~ /^hang/;
			sleep $1 / 1000 if $state{name} =~ /^slow-(\d+)-/;
			$say->($state{name} =~ /^(once-)?(\d{3})-([\d.]+)-/ && (!$1 || first_try($file, $state{name})) ? "$2 $3 as you like" : '250 2.1.5 ok');
		}
		elsif ($line =~ /^DATA/i)
		{
			$say->('354 go on');
			my $mail = '';
			while (defined(my $part = <$connection>)) { last if $part eq ".\r\n"; $part =~ s/^\.//; $mail .= $part }
			write_line($file, { to => $state{to}, from => $state{from}, mail => $mail, secure => $state{secure}, time => time });
			$say->($state{name} =~ /^data-(\d{3})-([\d.]+)-/ ? "$1 $2 as you like" : '250 2.0.0 taken');
		}
		elsif ($line =~ /^RSET|^NOOP/i) { $say->('250 2.0.0 ok') }
		elsif ($line =~ /^QUIT/i) { $say->('221 2.0.0 bye'); return }
		else { $say->('500 5.5.2 what?') }
	}
	return;
}

# first_try(FILE, NAME): whether a name has not been tried before
sub first_try
{
	my ($file, $name) = @_;
	return 0 if -e "$file.$name";
	open my $out, '>', "$file.$name" or return 0;
	close $out;
	return 1;
}

sub write_line
{
	my ($file, $mail) = @_;
	open my $out, '>>', $file or return;
	syswrite $out, encode_json($mail) . "\n";
	close $out;
	return;
}

1;
