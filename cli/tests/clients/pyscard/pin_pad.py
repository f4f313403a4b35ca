"""pyscard in a reader with a PIN pad: the card's 利用者証明用 PIN is typed there, and this program never has it.

Prints what the card or the reader has answered, `9000` for the right PIN.
"""

import struct

from smartcard.pcsc.PCSCPart10 import FEATURE_VERIFY_PIN_DIRECT, getFeatureRequest, hasFeature
from smartcard.System import readers
from smartcard.util import toBytes, toHexString

connection = readers()[0].createConnection()
connection.connect()
verify = hasFeature(getFeatureRequest(connection), FEATURE_VERIFY_PIN_DIRECT)
assert verify, "the reader has no PIN pad"
for command in ("00 A4 04 0C 0A D3 92 F0 00 26 01 00 00 00 01", "00 A4 02 0C 02 00 18"):
    assert connection.transmit(toBytes(command))[1:] == (0x90, 0x00)
template = bytes.fromhex("00200080")
# PIN_VERIFY_STRUCTURE of PC/SC part 10: ASCII from the first byte of the data on, 4 to 16 characters, end by its key.
block = struct.pack("=BBBBBHBBHBBBBI", 0, 0, 0x82, 0, 0, 0x0410, 2, 1, 0x0411, 0, 0, 0, 0, len(template)) + template
print("the card says", toHexString(connection.control(verify, list(block))))
