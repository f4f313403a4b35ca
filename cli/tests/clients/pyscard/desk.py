"""pyscard's monitor, as it is, on the readers of the desk: prints a line for each card that comes and goes.

Run by a test with PCSCLITE_CSOCK_NAME, which moves the cards meanwhile. Ends when its standard input does.
"""

import sys

from smartcard.CardMonitoring import CardMonitor, CardObserver


class Printer(CardObserver):
    def update(self, observable, handlers):
        added, removed = handlers
        for what, cards in (("in", added), ("out", removed)):
            for card in cards:
                print(what, card.reader, flush=True)


monitor = CardMonitor()
printer = Printer()
monitor.addObserver(printer)
print("ready", flush=True)
sys.stdin.read()
monitor.deleteObserver(printer)
