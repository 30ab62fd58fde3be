/*
 * The floor of the round trip: as many bytes as an order out, as many as its acknowledgement in, over loopback TCP, both ends spinning (fix_ack_venue raw is the other).
 *
 * usage: fix_echo_floor PORT CORE OUT IN ROUNDS; prints percentiles in nanoseconds.
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
#include <time.h>

static void fail(const char *what) {
    fprintf(stderr, "fix_echo_floor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int by_value(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: fix_echo_floor PORT CORE OUT IN ROUNDS\n");
        return 2;
    }
    size_t out = strtoull(argv[3], NULL, 10), in = strtoull(argv[4], NULL, 10), rounds = strtoull(argv[5], NULL, 10);
    static char bytes[65536];
    memset(bytes, 'x', sizeof bytes);
    if (atoi(argv[2]) >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(atoi(argv[2]), &set);
        if (sched_setaffinity(0, sizeof set, &set) != 0) fail("sched_setaffinity");
    }
    int link_fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (link_fd < 0 || connect(link_fd, (struct sockaddr *)&peer, sizeof peer) != 0) fail("connect");
    setsockopt(link_fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    int64_t *samples = calloc(rounds, sizeof *samples);
    size_t warm_up = rounds / 10;
    for (size_t i = 0; i < rounds + warm_up; i++) {
        int64_t begin = now_ns();
        if (send(link_fd, bytes, out, MSG_NOSIGNAL) != (ssize_t)out) fail("send");
        for (size_t held = 0; held < in;) {
            ssize_t got = recv(link_fd, bytes, sizeof bytes, MSG_DONTWAIT);
            if (got > 0) held += (size_t)got;
            else if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) fail("recv");
        }
        if (i >= warm_up) samples[i - warm_up] = now_ns() - begin;
    }
    qsort(samples, rounds, sizeof *samples, by_value);
    printf("{\"p50\": %lld, \"p99\": %lld, \"p999\": %lld}\n", (long long)samples[rounds / 2], (long long)samples[rounds * 99 / 100], (long long)samples[rounds * 999 / 1000]);
    return 0;
}
