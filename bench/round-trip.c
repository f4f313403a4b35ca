/* Times an APDU through PC/SC.   use: round-trip READER COUNT APDU-IN-HEX
 * Sends it COUNT times and prints the median and the 90th percentile in microseconds, and the last status word. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <winscard.h>

static void check(LONG result, const char *what) {
    if (result == SCARD_S_SUCCESS) return;
    fprintf(stderr, "%s: %s\n", what, pcsc_stringify_error(result));
    exit(1);
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

int main(int count, char **arguments) {
    const size_t times = count == 4 ? strtoul(arguments[2], NULL, 10) : 0;
    uint8_t command[264];
    const size_t length = count == 4 ? strlen(arguments[3]) / 2 : 0;
    if (times == 0 || length == 0 || length > sizeof command) {
        fprintf(stderr, "use: %s READER COUNT APDU-IN-HEX\n", arguments[0]);
        return 2;
    }
    for (size_t at = 0; at < length; at++) {
        if (sscanf(arguments[3] + 2 * at, "%2hhx", &command[at]) != 1) return 2;
    }

    SCARDCONTEXT context;
    SCARDHANDLE card;
    DWORD protocol;
    check(SCardEstablishContext(SCARD_SCOPE_USER, NULL, NULL, &context), "PC/SC service");
    check(SCardConnect(context, arguments[1], SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1, &card, &protocol), arguments[1]);

    double *sample = calloc(times, sizeof *sample);
    uint8_t response[258];
    DWORD received = 0;
    for (size_t turn = 0; turn < times; turn++) {
        received = sizeof response;
        const double start = microseconds();
        check(SCardTransmit(card, SCARD_PCI_T1, command, length, NULL, response, &received), "APDU");
        sample[turn] = microseconds() - start;
    }
    qsort(sample, times, sizeof *sample, by_value);
    printf("%.1f %.1f %02X%02X\n", sample[times / 2], sample[times * 9 / 10], response[received - 2],
           response[received - 1]);
    free(sample);
    SCardDisconnect(card, SCARD_LEAVE_CARD);
    SCardReleaseContext(context);
    return 0;
}
