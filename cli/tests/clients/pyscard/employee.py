"""pyscard enrols an employee card (applications/employee), and lets its new key sign a challenge.

Arguments: the terminal's private key (PEM). Standard input: the challenge. openssl signs for the terminal. Writes the card's
public key as `card.der` (SubjectPublicKeyInfo) and the signature as `card.sig`, in the current folder.
"""

import subprocess
import sys
from pathlib import Path

from smartcard.System import readers
from smartcard.util import toBytes

# SubjectPublicKeyInfo of a point of P-256, up to the point.
P_256 = bytes.fromhex("3059301306072A8648CE3D020106082A8648CE3D030107034200")

connection = readers()[0].createConnection()
connection.connect()


def send(head, data=b"", le=None):
    """Sends a command that must succeed; returns the answer's data."""
    command = toBytes(head) + ([len(data), *data] if data else []) + ([] if le is None else [le])
    answer, sw1, sw2 = connection.transmit(command)
    assert (sw1, sw2) == (0x90, 0x00), f"{head}: {sw1:02X}{sw2:02X}"
    return bytes(answer)


send("00A4040C", b"\xF0TEST-EMPLOYEE\x01")
challenge = send("00840000", le=32)
signed = subprocess.run(
    ["openssl", "dgst", "-sha256", "-sign", sys.argv[1]], input=challenge, stdout=subprocess.PIPE, check=True
).stdout
send("00820092", signed)
made = send("00468097", le=0)
# The key can be read again, as it was made.
assert send("00468197", le=0) == made
assert made[:5] == bytes.fromhex("7F49438641"), made.hex()
Path("card.der").write_bytes(P_256 + made[5:])
send("00200086", b"1234")
Path("card.sig").write_bytes(send("00880097", sys.stdin.buffer.read(), le=0))
