/* A program that reads, verifies a PIN and signs; with a fault by its first argument.

     sign none|hang|success|retry|log|crash PIN

   "none" is careful: every status word and every length is compared, two signatures of the same digest must be the same,
   and the transaction ends before the program does. Tests compile it with libpcsclite. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <winscard.h>

#define SIGNATURE 256
#define ROOM 512

static const char *fault;
static SCARDHANDLE card;

static int is(const char *name) { return strcmp(fault, name) == 0; }

/* It waits for its card, however long that takes. */
static void wait_for_ever(void) {
    for (;;) pause();
}

/* The status word, or -1. `length` is that of the data. */
static int transmit(const unsigned char *command, size_t size, unsigned char *data, size_t *length) {
    unsigned char answer[65600];
    DWORD received = sizeof answer;
    LONG code = SCardTransmit(card, SCARD_PCI_T1, command, size, NULL, answer, &received);
    if (code != SCARD_S_SUCCESS || received < 2) {
        if (is("hang") && code == SCARD_E_NOT_TRANSACTED) wait_for_ever();
        return -1;
    }
    *length = received - 2;
    if (data != NULL && *length <= ROOM) memcpy(data, answer, *length);
    int sw = answer[received - 2] << 8 | answer[received - 1];
    if (is("crash") && sw >> 8 == 0x6C) {
        /* No card answers so, it is said. */
        volatile char *nothing = NULL;
        *nothing = 0;
    }
    if (is("log") && sw != 0x9000) {
        for (size_t at = 0; at < size; at++) fprintf(stderr, "%02X ", command[at]);
        fprintf(stderr, "-> %04X\n", sw);
    }
    if (is("success") && sw == 0x6581) sw = 0x9000;
    return sw;
}

static int succeeds(const char *command, size_t size) {
    size_t length;
    return transmit((const unsigned char *)command, size, NULL, &length) == 0x9000 && length == 0;
}

static int verify(const char *pin) {
    unsigned char command[5 + 16] = {0x00, 0x20, 0x00, 0x80};
    size_t digits = strlen(pin), length;
    if (digits > 16) return 0;
    command[4] = digits;
    memcpy(command + 5, pin, digits);
    int sw = transmit(command, 5 + digits, NULL, &length);
    if (is("retry") && sw >> 4 == 0x63C) sw = transmit(command, 5 + digits, NULL, &length);
    return sw == 0x9000;
}

static int sign(unsigned char *signature) {
    static const unsigned char info[] = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                         0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    unsigned char command[5 + 0x33 + 1] = {0x80, 0x2A, 0x00, 0x80, 0x33};
    size_t length = 0;
    memcpy(command + 5, info, sizeof info);
    memset(command + 5 + sizeof info, 0x5A, 32);
    int sw = transmit(command, sizeof command, signature, &length);
    return sw == 0x9000 && (is("success") || length == SIGNATURE);
}

static int run(const char *pin) {
    static const char read[] = {0x00, (char)0xB0, 0x00, 0x00, 0x00};
    unsigned char token[ROOM], first[ROOM], second[ROOM];
    size_t length;
    if (!succeeds("\x00\xA4\x04\x0C\x0A\xD3\x92\xF0\x00\x26\x01\x00\x00\x00\x01", 15)) return 0;
    if (!succeeds("\x00\xA4\x02\x0C\x02\x00\x06", 7)) return 0;
    if (transmit((const unsigned char *)read, sizeof read, token, &length) != 0x9000 || length != 160) return 0;
    if (!succeeds("\x00\xA4\x02\x0C\x02\x00\x18", 7) || !verify(pin)) return 0;
    if (!succeeds("\x00\xA4\x02\x0C\x02\x00\x17", 7) || !sign(first) || !sign(second)) return 0;
    return is("success") || memcmp(first, second, SIGNATURE) == 0;
}

int main(int count, char **arguments) {
    SCARDCONTEXT context;
    DWORD protocol, size = SCARD_AUTOALLOCATE;
    char *readers = NULL;
    if (count != 3) return 2;
    fault = arguments[1];
    int done = 0;
    if (SCardEstablishContext(SCARD_SCOPE_USER, NULL, NULL, &context) != SCARD_S_SUCCESS) return 1;
    if (SCardListReaders(context, NULL, (char *)&readers, &size) == SCARD_S_SUCCESS &&
        SCardConnect(context, readers, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1, &card, &protocol) == SCARD_S_SUCCESS) {
        if (SCardBeginTransaction(card) == SCARD_S_SUCCESS) {
            done = run(arguments[2]);
            SCardEndTransaction(card, SCARD_LEAVE_CARD);
        }
        SCardDisconnect(card, SCARD_RESET_CARD);
    }
    SCardReleaseContext(context);
    puts(done ? "signed" : "not signed");
    return done ? 0 : 1;
}
