# A web server for the tests, HTTP/1.1 with TLS or without, a process a
# connection.  What it answers is a function of the test: it gets the request
# as a hash (method, path, headers in lower case, body, time) and the connection, and
# returns status, headers and body, or nothing when it has written by itself.
# Every request is a line of JSON in a file.
package WebServer;
use strict;
use warnings;

use IO::Socket::INET;
use IO::Socket::SSL;
use JSON::PP;
use MIME::Base64;
use POSIX ();
use Time::HiRes qw(sleep time);

# start(TLS, FILE, HANDLER): TLS is a directory of test/gateway/make-tls, or undef for none.
sub start
{
	my ($class, $tls, $file, $handler, $port) = @_;
	my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port // 0, Listen => 50, ReuseAddr => 1)
	  or die "no port: $!";
	my $self = bless { port => $listener->sockport, file => $file, scheme => $tls ? 'https' : 'http' }, $class;
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
		eval { serve($connection, $tls, $file, $handler) };
		POSIX::_exit(0);
	}
}

sub url { my ($self, $path) = @_; return "$self->{scheme}://127.0.0.1:$self->{port}$path" }

sub stop
{
	my ($self) = @_;
	return unless $self->{pid};
	kill 'KILL', $self->{pid};
	waitpid $self->{pid}, 0;
	$self->{pid} = 0;
	return;
}

# requests(PATH): those that came so far
sub requests
{
	my ($self, $path) = @_;
	open my $in, '<', $self->{file} or return;
	my @all = map { decode_json($_) } <$in>;
	$_->{body} = decode_base64($_->{body}) for @all;
	return grep { !defined $path || $_->{path} eq $path } @all;
}

sub serve
{
	my ($connection, $tls, $file, $handler) = @_;
	IO::Socket::SSL->start_SSL($connection, SSL_server => 1, SSL_cert_file => "$tls/server.pem", SSL_key_file => "$tls/server.key") or return
	  if $tls;
	while (my $request = read_request($connection))
	{
		open my $out, '>>', $file or return;
		syswrite $out, encode_json({ %$request, body => encode_base64($request->{body}, '') }) . "\n";
		close $out;
		my ($status, $headers, $body) = $handler->($request, $connection);
		return unless defined $status;
		my $close = delete $headers->{close};
		my %all = ('Content-Length' => length $body, %$headers);
		delete $all{'Content-Length'} if $status == 304 || $status == 204;
		print $connection "HTTP/1.1 $status Answer\r\n", (map { "$_: $all{$_}\r\n" } sort keys %all), "\r\n", $body;
		return if $close;
	}
	return;
}

sub read_request
{
	my ($connection) = @_;
	my $line = <$connection> // return;
	my ($method, $path) = $line =~ m{^(\S+) (\S+) HTTP/1\.1\r\n} or return;
	my %headers;
	while (defined(my $header = <$connection>))
	{
		last if $header eq "\r\n";
		$headers{ lc $1 } = $2 if $header =~ /^([^:]+):\s*(.*?)\r\n/;
	}
	my $body = '';
	read $connection, $body, $headers{'content-length'} if $headers{'content-length'};
	return { method => $method, path => $path, headers => \%headers, body => $body, time => time };
}

1;
