#!/usr/bin/env python3
"""Makes wide.bin and narrow.bin, the glyphs of the text pictures, from the Shinonome 12-dot font.

    apt install xfonts-shinonome && issuance/src/pictures/make-font.py

The font may be used freely: FONT-NOTICE.txt. Only the Python standard library is used.

wide.bin    full-width characters, JIS X 0208: per character its code point (2 bytes, big-endian), then 12 rows of 12 bits
            (18 bytes); ascending
narrow.bin  half-width characters, ASCII and katakana: per character its code point (2 bytes), then 12 rows of 6 bits (9
            bytes); ascending

A bit of 1 is ink. A row's first bit is its leftmost dot; rows follow each other without filler.
"""

import gzip
import pathlib
import struct

FONTS = pathlib.Path("/usr/share/fonts/X11/misc")
HEIGHT = 12
METRICS, BITMAPS, ENCODINGS = 1 << 2, 1 << 3, 1 << 5
# Most significant byte and bit first, rows padded to four bytes; metrics in bytes. Debian's files are so.
FORMAT, COMPACT_FORMAT = 0x0E, 0x10E


def glyphs(name, width):
    """The font's characters: its own code -> HEIGHT rows, each a number of `width` bits."""
    data = gzip.open(FONTS / f"{name}.pcf.gz").read()
    assert data[:4] == b"\x01fcp", name
    tables = {}
    for at in range(struct.unpack_from("<I", data, 4)[0]):
        kind, form, _, offset = struct.unpack_from("<IIII", data, 8 + 16 * at)
        assert struct.unpack_from("<I", data, offset)[0] == form
        tables[kind] = (form, offset + 4)

    form, at = tables[METRICS]
    assert form == COMPACT_FORMAT
    count = struct.unpack_from(">H", data, at)[0]
    metrics = [[byte - 0x80 for byte in data[at + 2 + 5 * n:at + 7 + 5 * n]] for n in range(count)]
    # (left, right, advance, ascent, descent): every glyph fills its cell, so no placing is needed.
    assert all((left, right, up + down) == (0, width, HEIGHT) for left, right, _, up, down in metrics)

    form, at = tables[BITMAPS]
    assert form == FORMAT and struct.unpack_from(">I", data, at)[0] == count
    offsets = struct.unpack_from(f">{count}I", data, at + 4)
    bits = at + 4 + 4 * count + 16

    form, at = tables[ENCODINGS]
    assert form == FORMAT
    low, high, first, last, _ = struct.unpack_from(">5H", data, at)
    found = {}
    for row in range(first, last + 1):
        for cell in range(low, high + 1):
            index = (row - first) * (high - low + 1) + cell - low
            glyph = struct.unpack_from(">H", data, at + 10 + 2 * index)[0]
            if glyph != 0xFFFF:
                rows = struct.unpack_from(f">{HEIGHT}I", data, bits + offsets[glyph])
                found[row << 8 | cell] = [word >> (32 - width) for word in rows]
    return found


def kanji_code_points(code):
    """What a JIS X 0208 code is in Unicode: by Python's table, by Windows', by JIS X 0213's. They differ on some signs."""
    row, cell = code >> 8, code & 0xFF
    euc = bytes([row | 0x80, cell | 0x80])
    lead, odd = (row + 1) // 2 + 0x70, row % 2
    sjis = bytes([lead + 0x40 * (lead > 0x9F), cell + (0x1F + (cell >= 0x60) if odd else 0x7E)])
    dash = {0x2014} if code == 0x213D else set()
    return {ord(euc.decode("euc_jp")), ord(sjis.decode("cp932"))} | dash


def write(path, width, characters):
    records = bytearray()
    for code_point in sorted(characters):
        bits = 0
        for row in characters[code_point]:
            bits = bits << width | row
        records += struct.pack(">H", code_point) + bits.to_bytes(HEIGHT * width // 8, "big")
    pathlib.Path(__file__).with_name(path).write_bytes(records)
    print(path, len(characters), "characters,", len(records), "bytes")


def main():
    wide = {}
    for code, rows in glyphs("shnmk12", 12).items():
        wide.update((code_point, rows) for code_point in kanji_code_points(code))
    write("wide.bin", 12, wide)

    narrow = {code: rows for code, rows in glyphs("shnm6x12a", 6).items() if 0x20 <= code <= 0x7E}
    # JIS X 0201: the right half is katakana, its 5C a yen sign.
    for code, rows in glyphs("shnm6x12r", 6).items():
        if code == 0x5C or 0xA1 <= code <= 0xDF:
            narrow[ord(bytes([code]).decode("shift_jis")) if code > 0x80 else 0xA5] = rows
    write("narrow.bin", 6, narrow)


main()
