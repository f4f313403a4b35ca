"""Signatures of a PDF (ISO 32000-1, 12.8)."""
import re

import cms
from checks import Refused

SPACE = b"\0\t\n\f\r "
END_OF_WORD = SPACE + b"()<>[]{}/%"


class Value:
    """A string of a PDF, with its place in the file."""

    def __init__(self, content, start, end):
        self.content, self.start, self.end = content, start, end


class Parser:
    """Reads objects from a place on. Names and numbers stay bytes, `null` is None."""

    def __init__(self, data, at):
        self.data, self.at = data, at

    def space(self):
        while self.data[self.at:self.at + 1] and self.data[self.at] in SPACE:
            self.at += 1

    def object(self):
        self.space()
        start = self.at
        if self.data.startswith(b"<<", start):
            self.at += 2
            items = self.until(b">>")
            return dict(zip(items[::2], items[1::2]))
        if self.data.startswith(b"[", start):
            self.at += 1
            return self.until(b"]")
        if self.data.startswith(b"<", start):
            self.at = self.data.index(b">", start) + 1
            return Value(bytes.fromhex(self.data[start + 1:self.at - 1].decode()), start, self.at)
        if self.data.startswith(b"(", start):
            return self.literal()
        self.at += 1
        while self.data[self.at:self.at + 1] and self.data[self.at] not in END_OF_WORD:
            self.at += 1
        word = self.data[start:self.at]
        reference = re.compile(rb"\s+\d+\s+R\b").match(self.data, self.at) if word.isdigit() else None
        if reference:
            self.at = reference.end()
            return self.data[start:self.at]
        return None if word == b"null" else word

    def until(self, end):
        items = []
        while True:
            self.space()
            if self.data.startswith(end, self.at):
                self.at += len(end)
                return items
            items.append(self.object())

    def literal(self):
        start, depth, content = self.at, 0, bytearray()
        while True:
            byte = self.data[self.at]
            self.at += 1
            octal = re.compile(rb"[0-7]{1,3}").match(self.data, self.at) if byte == 0x5C else None
            if octal:
                content.append(int(octal[0], 8) & 0xFF)
                self.at = octal.end()
                continue
            if byte == 0x5C:
                byte = self.data[self.at]
                self.at += 1
            else:
                depth += (byte == 0x28) - (byte == 0x29)
                if depth == 0:
                    return Value(bytes(content), start, self.at)
                if byte == 0x28 and depth == 1:
                    continue
            content.append(byte)


def signatures(checks, data):
    """The signature dictionaries, in the order of the file."""
    found = []
    for match in re.finditer(rb"\b\d+ 0 obj\b", data):
        if not checks.makes("S18") and not re.compile(rb"\s*<< /Type /Sig /[^(]*?/Contents <").match(data, match.end()):
            continue
        dictionary = Parser(data, match.end()).object()
        # A signature has a handler, and no field and no annotation has one.
        if isinstance(dictionary, dict) and b"/SubFilter" in dictionary:
            found.append(dictionary)
    return found


def verify(checks, trust, data):
    """Verifies all signatures of a PDF."""
    found = signatures(checks, data)
    if not found:
        raise Refused("the PDF has no signature")
    ranges = [[int(number) for number in text.split()] for text in re.findall(rb"/ByteRange ?\[([-\d ]+)\]", data)]
    checks.demand("S15", not ranges or any(sum(one[-2:]) >= len(data) or not is_range(one) for one in ranges))
    for dictionary in found if checks.makes("S17") else found[-1:]:
        verify_signature(checks, trust, data, dictionary)


def is_range(numbers):
    return len(numbers) == 4 and numbers[0] <= sum(numbers[:2]) <= numbers[2] and numbers[3] >= 0


def verify_signature(checks, trust, data, dictionary):
    value = dictionary.get(b"/Contents")
    checks.demand("S19a", value is not None)
    if value is None:
        return
    numbers = [int(number) for number in dictionary.get(b"/ByteRange") or []]
    checks.demand("S19b", is_range(numbers))
    if not is_range(numbers):
        numbers = [0, value.start, value.end, len(data) - value.end]
    start, first, second, rest = numbers
    checks.demand("S16b", start == 0)
    checks.demand("S16a", (start + first, second) == (value.start, value.end))
    covered = data[start:start + first] + data[second:second + rest]
    cms.verify(checks, trust, value.content, covered, kind="pdf")
