/* Asks an OCSP responder again and again, with a connection for each request, as most clients of OCSP do.
 * use: ask PORT PATH COUNT REQUEST-FILE
 * Prints how many answers came in a second. Must never count a request that was not answered with 200. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 16384 };

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void ask(const struct sockaddr_in *where, const char *request, size_t length) {
    char answer[MOST];
    size_t have = 0;
    const int connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connection < 0 || connect(connection, (const struct sockaddr *)where, sizeof *where) != 0) fail("connect");
    if (write(connection, request, length) != (ssize_t)length) fail("write");
    for (;;) {
        const ssize_t count = read(connection, answer + have, sizeof answer - 1 - have);
        if (count < 0) fail("read");
        if (count == 0) break;
        have += (size_t)count;
    }
    close(connection);
    answer[have] = 0;
    if (strncmp(answer, "HTTP/1.0 200", 12) != 0) {
        fprintf(stderr, "no answer: %.40s\n", answer);
        exit(1);
    }
}

int main(int count, char **argument) {
    static char body[MOST], request[2 * MOST];
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (count != 5) {
        fprintf(stderr, "use: ask PORT PATH COUNT REQUEST-FILE\n");
        return 2;
    }
    where.sin_port = htons((unsigned short)atoi(argument[1]));
    FILE *file = fopen(argument[4], "rb");
    if (file == NULL) fail(argument[4]);
    const size_t length = fread(body, 1, sizeof body, file);
    fclose(file);
    const int head = snprintf(request, sizeof request,
                              "POST %s HTTP/1.0\r\nContent-Type: application/ocsp-request\r\nContent-Length: %zu\r\n\r\n",
                              argument[2], length);
    memcpy(request + head, body, length);
    const int times = atoi(argument[3]);
    const double begin = seconds();
    for (int turn = 0; turn < times; turn++) ask(&where, request, (size_t)head + length);
    printf("%.0f\n", times / (seconds() - begin));
    return 0;
}
