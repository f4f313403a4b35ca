"""A program that reads, verifies a PIN and signs with pyscard; with a fault by its first argument.

    python3 sign.py none|hang|success|retry|log|crash PIN

"none" is careful: it compares every status word and every length, and two signatures of the same digest.
"""

import sys
import threading

from smartcard.Exceptions import SmartcardException
from smartcard.System import readers

FAULT, PIN = sys.argv[1:]
INFO = bytes.fromhex("3031300D060960864801650304020105000420") + b"Z" * 32


class Refused(Exception):
    """The card has refused a command."""


def transmit(command):
    try:
        data, sw1, sw2 = connection.transmit(list(command))
    except SmartcardException:
        if FAULT == "hang":
            threading.Event().wait()
        raise
    sw = sw1 << 8 | sw2
    if FAULT == "crash" and sw1 == 0x6C:
        data[sw2] = 0
    if FAULT == "log" and sw != 0x9000:
        print("refused", list(command), f"{sw:04X}", file=sys.stderr)
    if FAULT == "success" and sw == 0x6581:
        sw = 0x9000
    return bytes(data), sw


def ask(command, length=0):
    data, sw = transmit(command)
    if sw != 0x9000 or (len(data) != length and FAULT != "success"):
        raise Refused(f"{command[1]:02X}: {sw:04X}, {len(data)} bytes")
    return data


def select(file):
    ask(bytes([0x00, 0xA4, 0x02, 0x0C, 0x02, 0x00, file]))


def sign():
    return ask(bytes([0x80, 0x2A, 0x00, 0x80, len(INFO)]) + INFO + b"\x00", 256)


def run():
    ask(bytes.fromhex("00A4040C0AD392F000260100000001"))
    select(0x06)
    ask(bytes.fromhex("00B0000000"), 160)
    select(0x18)
    verify = bytes([0x00, 0x20, 0x00, 0x80, len(PIN)]) + PIN.encode()
    _, sw = transmit(verify)
    if FAULT == "retry" and sw >> 4 == 0x63C:
        _, sw = transmit(verify)
    if sw != 0x9000:
        raise Refused(f"20: {sw:04X}")
    select(0x17)
    if sign() != sign() and FAULT != "success":
        raise Refused("the signatures differ")


try:
    connection = readers()[0].createConnection()
    connection.connect()
    run()
except (SmartcardException, Refused, IndexError) as error:
    # A card that is gone can also be found missing by its index.
    if FAULT == "crash" and isinstance(error, IndexError):
        raise
    print("not signed:", error, file=sys.stderr)
    sys.exit(1)
print("signed")
