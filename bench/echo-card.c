/* The least that a card can cost behind vpcd: it answers every APDU with 9000 and does nothing else.
 * The peer beside which an APDU to vmyna is timed (bench/run.sh).   use: echo-card PORT */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONTROL_ATR = 4 };

/* vpcd sends a message's length and body apart: unless its receipt is acknowledged at once, each costs 40 ms. */
static bool receive(int vpcd, void *buffer, size_t length) {
    for (uint8_t *at = buffer; length > 0;) {
        const int on = 1;
        setsockopt(vpcd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
        const ssize_t received = recv(vpcd, at, length, 0);
        if (received <= 0) return false;
        at += received;
        length -= (size_t)received;
    }
    return true;
}

static bool answer(int vpcd, const void *message, size_t length) {
    return send(vpcd, message, length, MSG_NOSIGNAL) == (ssize_t)length;
}

int main(int count, char **arguments) {
    if (count != 2) {
        fprintf(stderr, "use: %s PORT\n", arguments[0]);
        return 2;
    }
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)atoi(arguments[1])),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    const int vpcd = socket(AF_INET, SOCK_STREAM, 0);
    if (vpcd < 0 || connect(vpcd, (const struct sockaddr *)&address, sizeof address) != 0) {
        perror("vpcd");
        return 1;
    }
    const int on = 1;
    setsockopt(vpcd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);

    static const uint8_t atr[] = {0x00, 0x09, 0x3B, 0xE0, 0x00, 0xFF, 0x81, 0x31, 0xFE, 0x45, 0x14};
    static const uint8_t done[] = {0x00, 0x02, 0x90, 0x00};
    static uint8_t message[UINT16_MAX];
    uint8_t head[2];
    bool going = true;
    while (going && receive(vpcd, head, sizeof head)) {
        const size_t length = (size_t)(head[0] << 8 | head[1]);
        going = receive(vpcd, message, length);
        if (going && length > 1) going = answer(vpcd, done, sizeof done);
        /* Power off, power on and reset want no answer. */
        if (going && length == 1 && message[0] == CONTROL_ATR) going = answer(vpcd, atr, sizeof atr);
    }
    return 0;
}
