"""pyscard's generic way: sends each argument, a command in hexadecimal digits, and prints each answer with its status word."""

import sys

from smartcard.System import readers
from smartcard.util import toBytes

connection = readers()[0].createConnection()
connection.connect()
for command in sys.argv[1:]:
    data, sw1, sw2 = connection.transmit(toBytes(command))
    print(bytes([*data, sw1, sw2]).hex().upper())
