/*
 * The other end of the round-trip measurement, the same for every contender: it spins on one connection and answers.
 *
 *   fix_ack_venue fix CORE               a FIX 4.4 acceptor that does the least: logon, test requests, logout, and for each NewOrderSingle one ExecutionReport (New)
 *   fix_ack_venue raw CORE IN OUT        the floor: OUT bytes for every IN bytes, nothing looked at
 *
 * It prints its port and ends with the connection. Nothing is stored, checked or resent: sequence numbers begin at 1 with each connection.
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
#include <unistd.h>

static void fail(const char *what) {
    fprintf(stderr, "fix_ack_venue: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int link_fd;

static void send_all(const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t sent = send(link_fd, bytes, length, MSG_NOSIGNAL);
        if (sent > 0) {
            bytes += sent;
            length -= (size_t)sent;
        } else if (errno != EAGAIN && errno != EWOULDBLOCK) {
            exit(0);
        }
    }
}

/* 0: nothing there yet. The end of the connection ends the program. */
static size_t receive(char *bytes, size_t room) {
    ssize_t got = recv(link_fd, bytes, room, MSG_DONTWAIT);
    if (got > 0) return (size_t)got;
    if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) exit(0);
    return 0;
}

static void echo(size_t in, size_t out) {
    static char request[65536], answer[65536];
    memset(answer, 'x', sizeof answer);
    for (size_t held = 0;;) {
        held += receive(request, sizeof request);
        for (; held >= in; held -= in) send_all(answer, out);
    }
}

/* ---- FIX ----------------------------------------------------------------------------------------------------------- */

static unsigned sequence = 1;
static char own[40], peer[40];

static size_t put(char *at, const char *text) {
    size_t length = strlen(text);
    memcpy(at, text, length);
    return length;
}

/* SendingTime with milliseconds, of the message in hand: the clock is read once for each, and the second's text made once a second. */
static char clock_text[24];

static void look_at_clock(void) {
    static time_t made;
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    if (time.tv_sec != made) {
        struct tm utc;
        gmtime_r(&time.tv_sec, &utc);
        strftime(clock_text, sizeof clock_text, "%Y%m%d-%H:%M:%S.000", &utc);
        made = time.tv_sec;
    }
    unsigned ms = (unsigned)(time.tv_nsec / 1000000);
    clock_text[18] = (char)('0' + ms / 100);
    clock_text[19] = (char)('0' + ms / 10 % 10);
    clock_text[20] = (char)('0' + ms % 10);
}

static size_t number(char *at, unsigned value) {
    char digits[10];
    size_t count = 0;
    do digits[count++] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    for (size_t i = 0; i < count; i++) at[i] = digits[count - 1 - i];
    return count;
}

/* Header, the given body, trailer, in one piece, without formatted printing: what the venue takes is part of every round trip. */
static void say(char type, const char *body, size_t body_length) {
    static char comp_ids[96];
    static size_t comp_ids_length;
    if (type == 'A') comp_ids_length = (size_t)sprintf(comp_ids, "\00149=%s\00156=%s\00134=", own, peer);
    char message[1024], head[192];
    size_t head_length = put(head, "35=");
    head[head_length++] = type;
    memcpy(head + head_length, comp_ids, comp_ids_length);
    head_length += comp_ids_length;
    head_length += number(head + head_length, sequence++);
    head_length += put(head + head_length, "\00152=");
    memcpy(head + head_length, clock_text, 21);
    head_length += 21;
    head[head_length++] = 1;
    size_t at = put(message, "8=FIX.4.4\0019=");
    at += number(message + at, (unsigned)(head_length + body_length));
    message[at++] = 1;
    memcpy(message + at, head, head_length);
    at += head_length;
    memcpy(message + at, body, body_length);
    at += body_length;
    unsigned sum = 0;
    for (size_t i = 0; i < at; i++) sum += (unsigned char)message[i];
    sum &= 255;
    memcpy(message + at, "10=000\001", 7);
    message[at + 3] = (char)('0' + sum / 100);
    message[at + 4] = (char)('0' + sum / 10 % 10);
    message[at + 5] = (char)('0' + sum % 10);
    send_all(message, at + 7);
}

/* The value of a field, found from the message's begin; its length, or 0. The tag bears the separator before it and the '=' behind it. */
static size_t field(const char *message, size_t length, const char *tag, const char **value) {
    size_t tag_length = strlen(tag);
    const char *found = memmem(message, length, tag, tag_length);
    if (!found) return 0;
    *value = found + tag_length;
    return (size_t)((const char *)memchr(*value, 1, (size_t)(message + length - *value)) - *value);
}

static void copy(char *to, size_t room, const char *message, size_t length, const char *tag) {
    const char *value = NULL;
    size_t got = field(message, length, tag, &value);
    if (got >= room) got = room - 1;
    if (got > 0) memcpy(to, value, got);
    to[got] = 0;
}

static void on_order(const char *message, size_t length) {
    static unsigned order = 1;
    const char *id = "", *symbol = "", *side = "", *quantity = "", *price = "";
    size_t id_length = 0, symbol_length = 0, side_length = 0, quantity_length = 0, price_length = 0;
    for (const char *at = message, *end = message + length; at < end;) {
        const char *separator = memchr(at, 1, (size_t)(end - at));
        if (!separator) break;
        if (at[2] == '=') {
            const char *value = at + 3;
            size_t value_length = (size_t)(separator - value);
            switch (at[0] * 256 + at[1]) {
                case '1' * 256 + '1': id = value, id_length = value_length; break;
                case '5' * 256 + '5': symbol = value, symbol_length = value_length; break;
                case '5' * 256 + '4': side = value, side_length = value_length; break;
                case '3' * 256 + '8': quantity = value, quantity_length = value_length; break;
                case '4' * 256 + '4': price = value, price_length = value_length; break;
            }
        }
        at = separator + 1;
    }
    char body[512];
    size_t at = put(body, "37=");
    at += number(body + at, order);
    at += put(body + at, "\00117=");
    at += number(body + at, order++);
    at += put(body + at, "\00111=");
#define VALUE(name) (memcpy(body + at, name, name##_length), at += name##_length)
    VALUE(id);
    at += put(body + at, "\001150=0\00139=0\00155=");
    VALUE(symbol);
    at += put(body + at, "\00154=");
    VALUE(side);
    at += put(body + at, "\00138=");
    VALUE(quantity);
    at += put(body + at, "\00144=");
    VALUE(price);
    at += put(body + at, "\001151=");
    VALUE(quantity);
    at += put(body + at, "\00114=0\0016=0\00160=");
    at += put(body + at, clock_text);
    body[at++] = 1;
    say('8', body, at);
}

/* The type is the body's first field. */
static void on_message(const char *message, size_t length, char type) {
    char body[128], value[64];
    look_at_clock();
    switch (type) {
        case 'A':
            copy(own, sizeof own, message, length, "\00156=");
            copy(peer, sizeof peer, message, length, "\00149=");
            copy(value, sizeof value, message, length, "\001108=");
            say('A', body, (size_t)sprintf(body, "98=0\001108=%s\001%s", value, memmem(message, length, "\001141=Y", 6) ? "141=Y\001" : ""));
            break;
        case '1':
            copy(value, sizeof value, message, length, "\001112=");
            say('0', body, (size_t)sprintf(body, "112=%s\001", value));
            break;
        case '5':
            say('5', body, 0);
            break;
        case 'D':
            on_order(message, length);
            break;
    }
}

static void fix(void) {
    static char held[1 << 20];
    size_t length = 0;
    for (;;) {
        length += receive(held + length, sizeof held - length);
        size_t at = 0;
        while (length - at > 24) {
            /* "8=FIX.4.4|9=" is 12 bytes; then BodyLength. */
            size_t digits = at + 12, body = 0;
            while (digits < length && held[digits] != 1) body = body * 10 + (size_t)(held[digits++] - '0');
            size_t whole = digits + 1 + body + 7 - at;
            if (length - at < whole) break;
            on_message(held + at, whole, held[digits + 4]);
            at += whole;
        }
        if (at > 0) memmove(held, held + at, length - at);
        length -= at;
    }
}

int main(int argc, char **argv) {
    int is_fix = argc == 3 && strcmp(argv[1], "fix") == 0, is_raw = argc == 5 && strcmp(argv[1], "raw") == 0;
    if (!is_fix && !is_raw) {
        fprintf(stderr, "usage: fix_ack_venue fix CORE | raw CORE IN OUT\n");
        return 2;
    }
    if (atoi(argv[2]) >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(atoi(argv[2]), &set);
        if (sched_setaffinity(0, sizeof set, &set) != 0) fail("sched_setaffinity");
    }
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (listener < 0) fail("socket");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 1) != 0 || getsockname(listener, (struct sockaddr *)&address, &size) != 0) fail("listen");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    link_fd = accept(listener, NULL, NULL);
    if (link_fd < 0) fail("accept");
    setsockopt(link_fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (is_raw) echo((size_t)atoi(argv[3]), (size_t)atoi(argv[4]));
    else fix();
}
