# Validates PDF documents with pyHanko under the certificates of a PEM file at a time: a line each.
import asyncio
import datetime
import sys

from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext


async def judge(path, roots, moment):
    with open(path, "rb") as file:
        reader = PdfFileReader(file)
        statuses = []
        for signature in reader.embedded_signatures:
            context = ValidationContext(trust_roots=roots, moment=moment, allow_fetching=False)
            statuses.append(await async_validate_pdf_signature(signature, context))
    return bool(statuses) and all(status.bottom_line for status in statuses)


roots = list(load_certs_from_pemder([sys.argv[1]]))
moment = datetime.datetime.fromisoformat(sys.argv[2])
for path in sys.argv[3:]:
    try:
        verdict = asyncio.run(judge(path, roots, moment))
    except Exception:
        verdict = False
    print(path, "accepted" if verdict else "refused")
