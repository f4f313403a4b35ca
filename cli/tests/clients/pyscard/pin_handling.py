"""Has the PIN to log in verified and lets the card sign a challenge. Each word after the PIN is a fault of this program.

  no-counter       it does not ask for the tries left
  insists          it sends the PIN even at the last try
  retries          it sends a refused PIN again
  letters          it sends whatever was typed
  prints           it prints the command with the PIN
  keeps            it leaves the card verified and powered
  alone            it begins no transaction
  believes         it does not look at the signature

PIN "-" reads it from standard input, after a prompt. Exit status 0: signed; 1: not signed.
"""

import hashlib
import os
import sys

from smartcard.scard import (
    SCARD_LEAVE_CARD, SCARD_PROTOCOL_T1, SCARD_S_SUCCESS, SCARD_SCOPE_USER, SCARD_SHARE_SHARED, SCARD_UNPOWER_CARD,
    SCardBeginTransaction, SCardConnect, SCardDisconnect, SCardEndTransaction, SCardEstablishContext, SCardListReaders,
    SCardTransmit,
)

DIGEST_INFO = bytes.fromhex("3031300D060960864801650304020105000420")


def sign(pin, faults):
    result, context = SCardEstablishContext(SCARD_SCOPE_USER)
    result, readers = SCardListReaders(context, [])
    result, card, protocol = SCardConnect(context, readers[0], SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1)
    if result != SCARD_S_SUCCESS:
        return "no card"

    def send(command):
        result, answer = SCardTransmit(card, protocol, list(bytes.fromhex(command)))
        if result != SCARD_S_SUCCESS:
            raise OSError(f"no answer: {result & 0xFFFFFFFF:08X}")
        return bytes(answer[:-2]), answer[-2] << 8 | answer[-1]

    if "alone" not in faults:
        SCardBeginTransaction(card)
    try:
        send("00A4040C0AD392F000260100000001")
        send("00A4020C020018")
        if "no-counter" not in faults:
            _, status = send("00200080")
            if status in (0x6983, 0x6984, 0x63C0):
                return "the PIN is blocked"
            print(f"{status & 0x0F} tries left")
            if status == 0x63C1 and "insists" not in faults:
                return "one try is left"
        if pin == "-":
            print("PIN: ", end="", flush=True)
            pin = sys.stdin.readline().strip()
        if "letters" not in faults and not (len(pin) == 4 and pin.isdecimal()):
            return "the PIN has four digits"
        verify = f"00200080{len(pin):02X}" + pin.encode().hex()
        if "prints" in faults:
            print("sending", verify, file=sys.stderr)
        for attempt in range(2 if "retries" in faults else 1):
            _, status = send(verify)
            if status == 0x9000:
                break
        if status != 0x9000:
            if status & 0xFFF0 == 0x63C0:
                print(f"{status & 0x0F} tries left")
            return f"VERIFY: {status:04X}"
        challenge = os.urandom(32)
        send("00A4020C020017")
        signature, status = send("802A008033" + (DIGEST_INFO + hashlib.sha256(challenge).digest()).hex() + "00")
        if "believes" in faults:
            return None
        if status != 0x9000 or len(signature) != 256:
            return f"no signature: {status:04X}"
        return None if is_signed(send, challenge, signature) else "not the key of the certificate"
    except OSError as error:
        return str(error)
    finally:
        if "alone" not in faults:
            SCardEndTransaction(card, SCARD_LEAVE_CARD)
        # A warm reset keeps the security status of this card.
        SCardDisconnect(card, SCARD_LEAVE_CARD if "keeps" in faults else SCARD_UNPOWER_CARD)


def is_signed(send, challenge, signature):
    """With the modulus of the card's certificate: the only 257 bytes in it that begin with 00 behind 02 82 01 01."""
    send("00A4020C02000A")
    file = b""
    while len(file) < 4096:
        part, status = send(f"00B0{len(file):04X}00")
        if status != 0x9000 or not part:
            break
        file += part
        if len(part) < 256:
            break
    at = file.index(bytes.fromhex("0282010100")) + 5
    modulus = int.from_bytes(file[at:at + 256], "big")
    block = pow(int.from_bytes(signature, "big"), 65537, modulus).to_bytes(256, "big")
    content = DIGEST_INFO + hashlib.sha256(challenge).digest()
    return block == b"\0\1" + b"\xff" * (253 - len(content)) + b"\0" + content


problem = sign(sys.argv[1], sys.argv[2:])
if problem:
    print(problem, file=sys.stderr)
    sys.exit(1)
