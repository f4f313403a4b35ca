/* Times an APDU to a PC/SC service on a Unix socket beside the least that any service costs there.
 * use: ping-pong SOCKET READER COUNT APDU-IN-HEX
 * Speaks pcsc-lite's protocol itself, one write and one read an APDU, so that no library's time is in it; then exchanges as
 * many bytes with a process that does nothing. Prints both medians in microseconds: bare socket, service.
 * Must never count an APDU that was not answered. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ESTABLISH = 0x01, CONNECT = 0x04, TRANSMIT = 0x09, VERSION = 0x11, NAME = 128, MOST = 600 };

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void read_all(int socket, void *into, size_t length) {
    for (size_t have = 0; have < length;) {
        const ssize_t count = read(socket, (char *)into + have, length - have);
        if (count <= 0) fail("the socket was closed");
        have += (size_t)count;
    }
}

static void write_all(int socket, const void *bytes, size_t length) {
    if (write(socket, bytes, length) != (ssize_t)length) fail("write");
}

static double microseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int by_value(const void *left, const void *right) {
    const double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

/* The median time of an exchange of these lengths. The reply stays in `reply`. */
static double median(int socket, size_t times, const void *request, size_t length, void *reply, size_t reply_length) {
    double *sample = calloc(times, sizeof *sample);
    if (sample == NULL) fail("memory");
    for (size_t turn = 0; turn < times; turn++) {
        const double start = microseconds();
        write_all(socket, request, length);
        read_all(socket, reply, reply_length);
        sample[turn] = microseconds() - start;
    }
    qsort(sample, times, sizeof *sample, by_value);
    const double middle = sample[times / 2];
    free(sample);
    return middle;
}

/* Sends a command of the protocol; its last word of the answer must be 0, success. */
static void command(int socket, uint32_t number, const void *body, uint32_t length, uint32_t *answer, size_t words) {
    const uint32_t header[] = {length, number};
    write_all(socket, header, sizeof header);
    write_all(socket, body, length);
    read_all(socket, answer, words * sizeof *answer);
    if (answer[words - 1] != 0) {
        fprintf(stderr, "command %#x is refused: %#x\n", number, answer[words - 1]);
        exit(1);
    }
}

int main(int count, char **arguments) {
    const size_t times = count == 5 ? strtoul(arguments[3], NULL, 10) : 0;
    const size_t length = count == 5 ? strlen(arguments[4]) / 2 : 0;
    uint8_t request[MOST] = {0}, reply[MOST];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (times == 0 || length == 0 || length > 264 || strlen(arguments[1]) >= sizeof address.sun_path ||
        strlen(arguments[2]) >= NAME) {
        fprintf(stderr, "use: %s SOCKET READER COUNT APDU-IN-HEX\n", arguments[0]);
        return 2;
    }
    strcpy(address.sun_path, arguments[1]);
    const int service = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(service, (struct sockaddr *)&address, sizeof address) != 0) fail(arguments[1]);

    uint32_t answer[64];
    command(service, VERSION, (uint32_t[]){4, 4, 0}, 12, answer, 3);
    command(service, ESTABLISH, (uint32_t[]){2, 0, 0}, 12, answer, 3);
    uint32_t body[38] = {answer[1]};
    strcpy((char *)&body[1], arguments[2]);
    body[33] = 2; /* shared */
    body[34] = 3; /* T=0 or T=1 */
    command(service, CONNECT, body, sizeof body, answer, 38);
    const uint32_t card = answer[35], protocol = answer[36];

    const uint32_t transmit[] = {32, TRANSMIT, card, protocol, 16, (uint32_t)length, protocol, 16, 258, 0};
    memcpy(request, transmit, sizeof transmit);
    for (size_t at = 0; at < length; at++) {
        if (sscanf(arguments[4] + 2 * at, "%2hhx", &request[sizeof transmit + at]) != 1) return 2;
    }
    const size_t request_length = sizeof transmit + length;
    /* Once, to learn how long the answer is. */
    uint32_t first[8];
    write_all(service, request, request_length);
    read_all(service, first, sizeof first);
    if (first[7] != 0 || first[6] > MOST - sizeof first) {
        fprintf(stderr, "the APDU is not answered: %#x\n", first[7]);
        return 1;
    }
    read_all(service, reply, first[6]);
    const size_t reply_length = sizeof first + first[6];

    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) fail("socketpair");
    const pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        close(pair[0]);
        while (read(pair[1], request, sizeof request) > 0) write_all(pair[1], reply, reply_length);
        _exit(0);
    }
    close(pair[1]);
    const double bare = median(pair[0], times, request, request_length, reply, reply_length);
    close(pair[0]);
    waitpid(child, NULL, 0);

    const double served = median(service, times, request, request_length, reply, reply_length);
    uint32_t outcome;
    memcpy(&outcome, reply + 28, sizeof outcome);
    if (outcome != 0) {
        fprintf(stderr, "the last APDU failed: %#x\n", outcome);
        return 1;
    }
    printf("%.1f %.1f %02X%02X\n", bare, served, reply[reply_length - 2], reply[reply_length - 1]);
    return 0;
}
