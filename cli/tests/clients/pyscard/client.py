"""pyscard, as it is, on the reader that it finds: what it monitors in threads of its own, transactions, an exclusive
connection, and SCardCancel from another thread.

Run by a test with the program `vmyna` in VMYNA, which puts the card in and out. Prints a line for each part that went as
it should, and ends with a traceback at the first that did not. Must never wait without a limit.
"""

import os
import subprocess
import threading
import time

from smartcard import scard
from smartcard.CardConnection import CardConnection
from smartcard.CardMonitoring import CardMonitor, CardObserver
from smartcard.CardRequest import CardRequest
from smartcard.CardType import ATRCardType
from smartcard.Exceptions import CardConnectionException, NoCardException
from smartcard.ExclusiveConnectCardConnection import ExclusiveConnectCardConnection
from smartcard.ExclusiveTransmitCardConnection import ExclusiveTransmitCardConnection
from smartcard.ReaderMonitoring import ReaderMonitor, ReaderObserver
from smartcard.System import readers
from smartcard.util import toBytes, toHexString

ATR = "3B E0 00 FF 81 31 FE 45 14"
SELECT_JPKI = toBytes("00 A4 04 0C 0A D3 92 F0 00 26 01 00 00 00 01")
AUTH_PIN = toBytes("00 A4 02 0C 02 00 18")
TRIES_LEFT = toBytes("00 20 00 80")
LIMIT = 20


def vmyna_reader(action):
    subprocess.run([os.environ["VMYNA"], "reader", action], check=True, timeout=LIMIT)


def wait_until(condition, what):
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def ask(connection, command):
    data, sw1, sw2 = connection.transmit(command)
    return data, sw1 << 8 | sw2


class SeenCards(CardObserver):
    def __init__(self):
        self.log = []

    def update(self, observable, handlers):
        added, removed = handlers
        self.log += ["in " + toHexString(card.atr) for card in added]
        self.log += ["out " + toHexString(card.atr) for card in removed]


class SeenReaders(ReaderObserver):
    def __init__(self):
        self.log = []

    def update(self, observable, handlers):
        added, removed = handlers
        self.log += ["+" + str(reader) for reader in added] + ["-" + str(reader) for reader in removed]


def monitors():
    """Their threads see the reader and every coming and going of the card, while this one uses it."""
    cards, all_readers = SeenCards(), SeenReaders()
    card_monitor, reader_monitor = CardMonitor(), ReaderMonitor()
    card_monitor.addObserver(cards)
    reader_monitor.addObserver(all_readers)
    wait_until(lambda: all_readers.log == ["+vmyna 00 00"], "no reader is seen")
    expected = ["in " + ATR]
    wait_until(lambda: cards.log == expected, "no card is seen")
    for _ in range(3):
        connection = readers()[0].createConnection()
        connection.connect()
        assert ask(connection, SELECT_JPKI) == ([], 0x9000)
        vmyna_reader("remove")
        expected.append("out " + ATR)
        wait_until(lambda: cards.log == expected, "the card has gone unseen: %s" % cards.log)
        try:
            connection.transmit(SELECT_JPKI)
            raise AssertionError("a card that is not there has answered")
        except CardConnectionException:
            pass
        try:
            readers()[0].createConnection().connect()
            raise AssertionError("connected to a card that is not there")
        except NoCardException:
            pass
        vmyna_reader("insert")
        expected.append("in " + ATR)
        wait_until(lambda: cards.log == expected, "the card has come unseen: %s" % cards.log)
    card_monitor.deleteObserver(cards)
    reader_monitor.deleteObserver(all_readers)
    assert all_readers.log == ["+vmyna 00 00"]
    print("monitors: ok")


def card_request():
    """A program that waits for a card of this kind gets the one that is put in meanwhile."""
    vmyna_reader("remove")
    timer = threading.Timer(0.3, vmyna_reader, ["insert"])
    timer.start()
    service = CardRequest(timeout=LIMIT, cardType=ATRCardType(toBytes(ATR)), newcardonly=True).waitforcard()
    service.connection.connect(CardConnection.T1_protocol)
    assert toHexString(service.connection.getATR()) == ATR
    assert ask(service.connection, SELECT_JPKI) == ([], 0x9000)
    service.connection.disconnect()
    timer.join()
    print("card request: ok")


def transactions():
    """Whoever has the transaction is alone with the card; who wants it too waits and finds it as it was left."""
    reader = readers()[0]
    first = ExclusiveTransmitCardConnection(reader.createConnection())
    second = ExclusiveTransmitCardConnection(reader.createConnection())
    first.connect()
    second.connect()
    order = []
    first.lock()
    assert ask(first, SELECT_JPKI) == ([], 0x9000)

    def other():
        second.lock()
        order.append("second begins")
        # The application is still selected: it is one card.
        assert ask(second, AUTH_PIN) == ([], 0x9000)
        second.unlock()

    thread = threading.Thread(target=other)
    thread.start()
    time.sleep(0.3)
    assert ask(first, AUTH_PIN) == ([], 0x9000)
    assert ask(first, TRIES_LEFT) == ([], 0x63C3)
    order.append("first ends")
    first.unlock()
    thread.join(LIMIT)
    assert not thread.is_alive() and order == ["first ends", "second begins"], order
    first.disconnect()
    second.disconnect()
    print("transactions: ok")


def exclusive():
    """An exclusive connection excludes, and no longer when it has ended."""
    reader = readers()[0]
    alone = ExclusiveConnectCardConnection(reader.createConnection())
    alone.connect()
    assert ask(alone, SELECT_JPKI) == ([], 0x9000)
    other = reader.createConnection()
    try:
        other.connect()
        raise AssertionError("connected beside an exclusive connection")
    except CardConnectionException as refused:
        assert "haring violation" in str(refused), refused
    alone.disconnect()
    other.connect()
    assert ask(other, SELECT_JPKI) == ([], 0x9000)
    other.disconnect()
    print("exclusive: ok")


def cancel():
    """A wait without an end ends by SCardCancel from another thread, each time, and nothing of it is left."""
    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    assert result == scard.SCARD_S_SUCCESS
    for _ in range(20):
        states = [("vmyna 00 00", scard.SCARD_STATE_UNAWARE)]
        result, states = scard.SCardGetStatusChange(context, 0, states)
        assert result == scard.SCARD_S_SUCCESS
        known = [(name, state & ~scard.SCARD_STATE_CHANGED) for name, state, _ in states]
        ended = []
        wait = lambda: ended.append(scard.SCardGetStatusChange(context, scard.INFINITE, known)[0])
        thread = threading.Thread(target=wait)
        thread.start()
        end = time.monotonic() + LIMIT
        # It can only be cancelled once it waits.
        while thread.is_alive() and time.monotonic() < end:
            assert scard.SCardCancel(context) == scard.SCARD_S_SUCCESS
            time.sleep(0.005)
        thread.join(LIMIT)
        assert ended == [scard.SCARD_E_CANCELLED], ended
    assert scard.SCardReleaseContext(context) == scard.SCARD_S_SUCCESS
    print("cancel: ok")


def threads():
    """Several threads, each with a connection, on one card.

    All connect before the first of them works and disconnect after the last: libpcsclite (1.9.9, 2.3.3) can crash when
    one thread disconnects while another releases its context (SCardDisconnect looks through all contexts without a lock).
    """
    reader, failures = readers()[0], []

    def work(connection):
        try:
            for _ in range(20):
                connection.lock()
                assert ask(connection, SELECT_JPKI) == ([], 0x9000)
                assert ask(connection, AUTH_PIN) == ([], 0x9000)
                assert ask(connection, TRIES_LEFT) == ([], 0x63C3)
                connection.unlock()
        except Exception as failure:
            failures.append(repr(failure))

    connections = [ExclusiveTransmitCardConnection(reader.createConnection()) for _ in range(8)]
    for connection in connections:
        connection.connect(disposition=scard.SCARD_LEAVE_CARD)
    workers = [threading.Thread(target=work, args=[connection]) for connection in connections]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(3 * LIMIT)
        assert not worker.is_alive()
    for connection in connections:
        connection.disconnect()
    assert not failures, failures
    print("threads: ok")


if __name__ == "__main__":
    monitors()
    card_request()
    transactions()
    exclusive()
    cancel()
    threads()
