// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program as they were written for the original Serval: an echo server and
 * its client, with the published names only.  It must compile unchanged, as
 * C and C++, with and without SERVAL_NATIVE.
 *
 *	original-style server SERVICEID			(decimal)
 *	original-style client SERVICEID MESSAGE
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/serval.h>
#include <libserval/serval.h>

#define BUFLEN 4096

static void set_service(struct sockaddr_sv *addr, const char *number)
{
	memset(addr, 0, sizeof(*addr));
	addr->sv_family = AF_SERVAL;
	addr->sv_srvid.s_sid32[0] = htonl(strtoul(number, NULL, 10));
}

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror_sv(errno));
	return EXIT_FAILURE;
}

static int echo(int sock)
{
	char buf[BUFLEN];
	ssize_t n;

	while ((n = recv_sv(sock, buf, sizeof(buf), 0)) > 0)
		if (send_sv(sock, buf, n, 0) != n)
			return fail("send");
	return n < 0 ? fail("recv") : EXIT_SUCCESS;
}

static int server(const char *number)
{
	union {
		struct sockaddr_sv serval;
		struct sockaddr saddr;
	} addr;
	socklen_t len = sizeof(addr);
	int sock, conn, domain = 0;
	socklen_t domain_len = sizeof(domain);

	sock = socket_sv(AF_SERVAL, SOCK_STREAM, SERVAL_PROTO_TCP);
	if (sock == -1)
		return fail("socket");
	if (getsockopt_sv(sock, SOL_SOCKET, SO_DOMAIN, &domain,
			  &domain_len) == -1 || domain != PF_SERVAL)
		return fail("domain");
	set_service(&addr.serval, number);
	addr.serval.sv_flags = SVSF_HOST_SCOPE;
	addr.serval.sv_prefix_bits = 0;
	if (bind_sv(sock, &addr.saddr, sizeof(addr.serval)) == -1)
		return fail("bind");
	if (listen_sv(sock, 10) == -1)
		return fail("listen");
	printf("serving %s\n", service_id_to_str(&addr.serval.sv_srvid));
	fflush(stdout);
	conn = accept_sv(sock, &addr.saddr, &len);
	if (conn == -1)
		return fail("accept");
	printf("client %s\n", srvid_to_str(addr.serval.sv_srvid));
	domain = echo(conn);
	close_sv(conn);
	close_sv(sock);
	return domain;
}

static int client(const char *number, const char *message)
{
	union {
		struct sockaddr_sv serval;
		struct sockaddr saddr;
	} addr;
	size_t len = strlen(message), done = 0;
	char buf[BUFLEN], id[SERVAL_ADDRSTRLEN];
	ssize_t n;
	int sock;

	sock = socket_sv(AF_SERVAL, SOCK_STREAM, 0);
	if (sock == -1)
		return fail("socket");
	set_service(&addr.serval, number);
	printf("connecting to %s\n", serval_ntop(&addr.serval.sv_srvid, id,
						 sizeof(id)));
	if (connect_sv(sock, &addr.saddr, sizeof(addr.serval)) == -1)
		return fail("connect");
	if (send_sv(sock, message, len, 0) != (ssize_t)len)
		return fail("send");
	while (done < len) {
		n = recv_sv(sock, buf, sizeof(buf), 0);
		if (n <= 0)
			return fail("recv");
		if (memcmp(buf, message + done, n)) {
			fprintf(stderr, "the echo differs\n");
			return EXIT_FAILURE;
		}
		done += n;
	}
	printf("echo of %zu bytes is right\n", done);
	close_sv(sock);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "server"))
		return server(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "client"))
		return client(argv[2], argv[3]);
	fprintf(stderr, "Usage: %s server ID | client ID MESSAGE\n", argv[0]);
	return 2;
}
