"""pyscard in a reader with a PIN pad: the card's 利用者証明用 PIN is verified and changed there, and this program never has it.

Prints the reader's features, and what the card or the reader has answered.
"""

import struct

from smartcard.pcsc.PCSCPart10 import (
    FEATURE_IFD_PIN_PROPERTIES,
    FEATURE_MODIFY_PIN_DIRECT,
    FEATURE_VERIFY_PIN_DIRECT,
    getFeatureRequest,
    getPinProperties,
    getTlvProperties,
    hasFeature,
)
from smartcard.System import readers
from smartcard.util import toBytes, toHexString

connection = readers()[0].createConnection()
connection.connect()
features = getFeatureRequest(connection)
verify = hasFeature(features, FEATURE_VERIFY_PIN_DIRECT)
modify = hasFeature(features, FEATURE_MODIFY_PIN_DIRECT)
assert verify and modify and hasFeature(features, FEATURE_IFD_PIN_PROPERTIES)
print("the reader validates by", getPinProperties(connection, features)["EntryValidationCondition"])
print("the reader takes", getTlvProperties(connection, features)["PCSCv2_PART10_PROPERTY_dwMaxAPDUDataSize"])
for command in ("00 A4 04 0C 0A D3 92 F0 00 26 01 00 00 00 01", "00 A4 02 0C 02 00 18"):
    assert connection.transmit(toBytes(command))[1:] == (0x90, 0x00)
# PIN_VERIFY_STRUCTURE and PIN_MODIFY_STRUCTURE of PC/SC part 10: ASCII from the first byte of the data on, 4 characters, end
# by its key. The new PIN is typed twice.
template = bytes.fromhex("00200080")
block = struct.pack("=BBBBBHBBHBBBBI", 0, 0, 0x82, 0, 0, 0x0404, 2, 1, 0x0411, 0, 0, 0, 0, len(template)) + template
print("the card says to the PIN", toHexString(connection.control(verify, list(block))))
template = bytes.fromhex("00240180")
fixed = struct.pack("=BBBBBBBHBBBHBBBBBBI", 0, 0, 0x82, 0, 0, 0, 0, 0x0404, 1, 2, 2, 0x0411, 0, 1, 0, 0, 0, 0, len(template))
print("the card says to the new PIN", toHexString(connection.control(modify, list(fixed + template))))
for pin in (b"4321", b"1234"):
    answer = connection.transmit(toBytes("00 20 00 80 04") + list(pin))
    print("the card says to", pin.decode(), "%02X%02X" % answer[1:])
