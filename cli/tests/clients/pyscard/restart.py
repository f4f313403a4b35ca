"""A program that stays connected while its PC/SC service ends and starts again.

For each line on standard input it sends one command by the connection that it has. If the service has ended, it prints the
error, makes a new context as after a restart of pcscd, and sends the command again. It prints the status word.
"""

import sys
import time

from smartcard.scard import (
    SCARD_PROTOCOL_T1, SCARD_S_SUCCESS, SCARD_SCOPE_USER, SCARD_SHARE_SHARED,
    SCardConnect, SCardEstablishContext, SCardListReaders, SCardTransmit,
)

SELECT = "00A4040C0AD392F000260100000001"


def connect():
    """The handle of the card in the first reader, or None."""
    result, context = SCardEstablishContext(SCARD_SCOPE_USER)
    if result != SCARD_S_SUCCESS:
        return None
    result, readers = SCardListReaders(context, [])
    if result != SCARD_S_SUCCESS or not readers:
        return None
    result, card, _ = SCardConnect(context, readers[0], SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1)
    return card if result == SCARD_S_SUCCESS else None


def connect_in_time():
    end = time.monotonic() + 20
    while time.monotonic() < end:
        card = connect()
        if card is not None:
            transmit(card, SELECT)
            return card
        time.sleep(0.02)
    sys.exit("no card")


def transmit(card, command):
    result, answer = SCardTransmit(card, SCARD_PROTOCOL_T1, list(bytes.fromhex(command)))
    return result, bytes(answer).hex().upper()


card = connect_in_time()
print("ready", flush=True)
for line in sys.stdin:
    result, answer = transmit(card, line)
    if result != SCARD_S_SUCCESS:
        print("%08X" % (result & 0xFFFFFFFF), end=" ")
        card = connect_in_time()
        result, answer = transmit(card, line)
    print(answer, flush=True)
