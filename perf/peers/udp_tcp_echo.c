/*
 * The floor of the wire-to-wire measurement: the least that any program must do between a datagram and its order. It receives UDP multicast by
 * non-blocking spin and answers every datagram whose MoldUDP64 header counts two messages (the load generator's mark) with N bytes over TCP. Nothing is
 * decoded or decided.
 *
 * usage: udp_tcp_echo GROUP UDP-PORT INTERFACE TCP-PORT N CORE
 *
 * The TCP connection goes to 127.0.0.1; the program ends when that connection is closed, or on SIGTERM.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { COUNT_OFFSET = 18, HEADER_BYTES = 20, MARK = 2 };

static void fail(const char *what) {
    fprintf(stderr, "udp_tcp_echo: %s: %s\n", what, strerror(errno));
    exit(1);
}

int main(int argc, char **argv) {
    if (argc != 7) {
        fprintf(stderr, "usage: udp_tcp_echo GROUP UDP-PORT INTERFACE TCP-PORT N CORE\n");
        return 2;
    }
    const size_t bytes = strtoull(argv[5], NULL, 10);
    const int core = atoi(argv[6]);
    static unsigned char packet[65536], answer[65536];
    if (bytes == 0 || bytes > sizeof answer) {
        fprintf(stderr, "udp_tcp_echo: N must be from 1 to 65536\n");
        return 2;
    }
    memset(answer, 'x', sizeof answer);
    if (core >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(core, &set);
        if (sched_setaffinity(0, sizeof set, &set) != 0) fail("sched_setaffinity");
    }

    int udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (udp < 0) fail("socket");
    int one = 1, size = 8 << 20;
    setsockopt(udp, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(udp, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
    if (inet_pton(AF_INET, argv[1], &address.sin_addr) != 1) fail("group");
    if (bind(udp, (struct sockaddr *)&address, sizeof address) != 0) fail("bind");
    struct ip_mreq group = {.imr_multiaddr = address.sin_addr};
    if (inet_pton(AF_INET, argv[3], &group.imr_interface) != 1) fail("interface");
    if (setsockopt(udp, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group) != 0) fail("IP_ADD_MEMBERSHIP");

    int tcp = socket(AF_INET, SOCK_STREAM, 0);
    if (tcp < 0) fail("socket");
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[4])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(tcp, (struct sockaddr *)&peer, sizeof peer) != 0) fail("connect");
    setsockopt(tcp, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);

    for (uint64_t idle = 0;;) {
        ssize_t got = recv(udp, packet, sizeof packet, MSG_DONTWAIT);
        if (got >= HEADER_BYTES) {
            if (packet[COUNT_OFFSET] == 0 && packet[COUNT_OFFSET + 1] == MARK && send(tcp, answer, bytes, MSG_NOSIGNAL) != (ssize_t)bytes) return 0;
            continue;
        }
        /* The peer's closing is looked for seldom, so that the spin stays the floor. */
        if (++idle % 4096 == 0) {
            unsigned char end;
            ssize_t seen = recv(tcp, &end, 1, MSG_DONTWAIT);
            if (seen == 0 || (seen < 0 && errno != EAGAIN && errno != EWOULDBLOCK)) return 0;
        }
    }
}
