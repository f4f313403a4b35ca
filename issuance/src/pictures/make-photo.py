#!/usr/bin/env python3
"""Makes photo.jp2, the picture of a cardholder without a photo: a plain figure that is no person, marked 見本 SPECIMEN.

    apt install libopenjp2-tools && issuance/src/pictures/make-photo.py

Size, depth and coding are those of a test card's photo: 378 x 472 dots of 8-bit grey, one tile, six resolutions, code
blocks of 64 x 64, the reversible 5-3 wavelet, in a JP2 file of about 1.8 kB. The letters are those of wide.bin and
narrow.bin. Only the Python standard library is used beside the encoder.
"""

import pathlib
import struct
import subprocess
import tempfile

WIDTH, HEIGHT = 378, 472
PAPER, FIGURE, BAND, INK = 0xE0, 0x90, 0xFF, 0x00
HERE = pathlib.Path(__file__).parent
# How many times smaller than its 178,416 dots the coded picture is to be.
RATIO = 96


def figure(x, y):
    """A disc on an arch."""
    head = (x - 189) ** 2 + (y - 160) ** 2 < 90 ** 2
    shoulders = ((x - 189) / 150) ** 2 + ((y - 472) / 210) ** 2 < 1
    return head or shoulders


def ink(text, path, width, dots, left, top):
    """The dots of a line of text, each `dots` wide and high, at (left, top)."""
    data = (HERE / path).read_bytes()
    size = 2 + 12 * width // 8
    records = (data[at:at + size] for at in range(0, len(data), size))
    glyphs = {chr(struct.unpack_from(">H", record)[0]): int.from_bytes(record[2:], "big") for record in records}
    for place, character in enumerate(text):
        for at in range(12 * width):
            if glyphs[character] >> (12 * width - 1 - at) & 1:
                x = left + (place * width + at % width) * dots
                y = top + at // width * dots
                yield from ((x + dx, y + dy) for dx in range(dots) for dy in range(dots))


def main():
    dots = [[FIGURE if figure(x, y) else PAPER for x in range(WIDTH)] for y in range(HEIGHT)]
    for y in range(340, 412):
        dots[y] = [BAND] * WIDTH
    for x, y in [*ink("見本", "wide.bin", 12, 4, 31, 352), *ink("SPECIMEN", "narrow.bin", 6, 4, 151, 356)]:
        dots[y][x] = INK
    with tempfile.TemporaryDirectory() as folder:
        drawn, coded = pathlib.Path(folder, "photo.pgm"), pathlib.Path(folder, "photo.jp2")
        drawn.write_bytes(b"P5\n%d %d\n255\n" % (WIDTH, HEIGHT) + b"".join(map(bytes, dots)))
        command = ["opj_compress", "-i", drawn, "-o", coded, "-r", str(RATIO)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (HERE / "photo.jp2").write_bytes(coded.read_bytes())
    print("photo.jp2", (HERE / "photo.jp2").stat().st_size, "bytes")


main()
