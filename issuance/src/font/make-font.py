#!/usr/bin/env python3
"""Makes index.bin and outlines.zlib, the font of all pictures, from three fonts of the Noto family.

    apt-get install fonts-noto-cjk fonts-noto-core
    python3 -m venv /tmp/fonttools && /tmp/fonttools/bin/pip install fonttools==4.60.1
    /tmp/fonttools/bin/python3 make-font.py [ROOT]

ROOT is the folder into which the packages were unpacked, if they are not installed. The fonts and their licence, which
also holds for the two files made here: FONT-NOTICE.txt.

A character comes from the first font that has it. The characters: JIS X 0208, 0212 and 0213; the extensions of Windows
code page 932, which are those of NEC and IBM; the CJK compatibility ideographs; every kanji of Adobe-Japan1, which the
first font lists as those that have registered variants. Combining marks are left out, as are private characters.

index.bin      per character 8 bytes: code point (3 bytes, big-endian), advance width (2 bytes), end of its outline in
               the decompressed outlines (3 bytes); ascending
outlines.zlib  the outlines, one after the other, compressed. An outline is a sequence of segments: one byte (0 begins a
               contour, 1 a line, 2 a cubic curve), then x and y of each of its points (1, 1, 3) as differences from the
               point before; at an outline's start that is (0, 0). A difference is a zigzag number in LEB128. A contour
               ends where it began.

Lengths are in 1/1000 of the em square, y upwards from the base line. Hinting, names and layout tables are dropped.
The decompressed outlines are reproducible to the byte; their compression depends on the version of zlib.
"""

import hashlib
import pathlib
import sys
import unicodedata
import zlib

from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTFont

# Path, number in the collection, SHA-256, package of Debian 12.
FONTS = [
    # fonts-noto-cjk 1:20220127+repack1-1: Noto Sans CJK JP 2.004
    ("usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 0,
     "b76b0433203017ca80401b2ee0dd69350349871c4b19d504c34dbdd80541690a"),
    # fonts-noto-core 20201225-1: Noto Sans 2.004, for the letters of JIS X 0212 and 0213 that the first one lacks
    ("usr/share/fonts/truetype/noto/NotoSans-Regular.ttf", -1,
     "89c3c497f618fdaa0b2d1e98fef93582f28c71debd2c4a8cdf41f190ced2909d"),
    # fonts-noto-core 20201225-1: Noto Sans Math 2.001, for the sign U+2252
    ("usr/share/fonts/truetype/noto/NotoSansMath-Regular.ttf", -1,
     "8242bd1e55368b27e32455260754cf9aa58f3ad7ea80664b66c21f1b09910d6c"),
]
EM = 1000
BEGIN, LINE, CURVE = 0, 1, 2


def load(root, path, number, digest):
    data = (root / path).read_bytes()
    assert hashlib.sha256(data).hexdigest() == digest, f"{path} is of another version"
    font = TTFont(root / path, fontNumber=number)
    assert font["head"].unitsPerEm == EM
    return font


def characters(codec, codes):
    """The characters that a character set has at these codes."""
    found = set()
    for code in codes:
        text = code.decode(codec, errors="ignore")
        if len(text) == 1:
            found.add(ord(text))
    return found


def wanted(first):
    double = [bytes([row, cell]) for row in range(0xA1, 0xFF) for cell in range(0xA1, 0xFF)]
    triple = [b"\x8F" + code for code in double]
    return set().union(
        range(0x20, 0x7F),
        # EUC-JP has JIS X 0208 in two bytes and JIS X 0212 in three, EUC-JIS-2004 the two planes of JIS X 0213.
        characters("euc_jp", double + triple),
        characters("euc_jis_2004", double + triple),
        characters("cp932", [bytes([code]) for code in range(0xA1, 0xE0)]),
        characters("cp932", [bytes([row, cell]) for row in range(0x81, 0xFD) for cell in range(0x40, 0xFD)]),
        # Second names of signs in JIS X 0208: the pictures' 12-dot font has them too.
        map(ord, "\u2014\u2016\u2212\u301C\u00A2\u00A3\u00AC"),
        range(0xF900, 0xFB00),
        (base for table in first["cmap"].tables if table.format == 14
         for variants in table.uvsDict.values() for base, _ in variants),
    )


class Outline(BasePen):
    """Collects an outline as bytes. Quadratic curves arrive as cubic ones."""

    def __init__(self, glyphs):
        super().__init__(glyphs)
        self.bytes = bytearray()
        self.at = (0, 0)

    def add(self, kind, *points):
        self.bytes.append(kind)
        for point in points:
            point = tuple(round(number) for number in point)
            for number, before in zip(point, self.at):
                self.bytes += leb128(zigzag(number - before))
            self.at = point

    def _moveTo(self, point):
        self.add(BEGIN, point)

    def _lineTo(self, point):
        self.add(LINE, point)

    def _curveToOne(self, first, second, end):
        self.add(CURVE, first, second, end)


def zigzag(number):
    return 2 * number if number >= 0 else -2 * number - 1


def leb128(number):
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return encoded


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "/")
    fonts = [load(root, *font) for font in FONTS]
    sources = [(font.getBestCmap(), font.getGlyphSet(), font["hmtx"]) for font in fonts]
    index, outlines, counts = bytearray(), bytearray(), [0] * len(FONTS)
    for code_point in sorted(wanted(fonts[0])):
        character = chr(code_point)
        if unicodedata.combining(character) or unicodedata.category(character) == "Co":
            continue
        for number, (names, glyphs, metrics) in enumerate(sources):
            if code_point in names:
                pen = Outline(glyphs)
                glyphs[names[code_point]].draw(pen)
                outlines += pen.bytes
                for value, size in (code_point, 3), (metrics[names[code_point]][0], 2), (len(outlines), 3):
                    index += value.to_bytes(size, "big")
                counts[number] += 1
                break
    compressed = zlib.compress(outlines, 9)
    for name, data in ("index.bin", index), ("outlines.zlib", compressed):
        pathlib.Path(__file__).with_name(name).write_bytes(data)
    print(*counts, "characters of each font,", len(index), "+", len(compressed), "bytes, outlines' SHA-256",
          hashlib.sha256(outlines).hexdigest())


main()
