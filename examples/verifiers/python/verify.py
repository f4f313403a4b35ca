"""Verifies a document that was signed with the card: signed data (CMS) with its content, or a PDF.

    verify.py [--without CHECK]... CMS CONTENT
    verify.py [--without CHECK]... PDF
    verify.py --list

The last line of the output is the verdict, "verdict: accepted" or "verdict: refused: CHECK: reason"; what deserves attention
is a line "notice: CHECK: reason" before it. The exit status is 0 for both verdicts, and 2 for misuse.

Each check has a name, and `--without` leaves it out: the result is a verifier with one known gap.

Authorities: sign-ca*.der and auth-ca*.der in the folder $VMYNA_EXAM_TRUST. Time: $VMYNA_EXAM_TIME, else the clock.
Revocation lists: the folder $VMYNA_EXAM_CRLS; without it revocation is not checked.
"""
import datetime
import os
import pathlib
import sys

import cms
import pdf
from checks import CHECKS, Checks, Refused
from trust import Trust


def main(arguments):
    if arguments == ["--list"]:
        print("\n".join(CHECKS))
        return 0
    without = set()
    while arguments[:1] == ["--without"] and len(arguments) > 1:
        without.add(arguments[1])
        arguments = arguments[2:]
    if len(arguments) not in (1, 2) or not without <= CHECKS.keys():
        print(__doc__, file=sys.stderr)
        return 2
    checks = Checks(without)
    time = os.environ.get("VMYNA_EXAM_TIME")
    now = datetime.datetime.fromisoformat(time.replace("Z", "+00:00")) if time else datetime.datetime.now(datetime.timezone.utc)
    try:
        trust = Trust(checks, os.environ["VMYNA_EXAM_TRUST"], os.environ.get("VMYNA_EXAM_CRLS"), now)
        files = [pathlib.Path(name).read_bytes() for name in arguments]
        if len(files) == 2:
            cms.verify(checks, trust, *files, kind="cms")
        else:
            pdf.verify(checks, trust, *files)
    except Refused as refused:
        print(f"verdict: refused: {refused}")
    except Exception as error:  # What can't be read is refused.
        print(f"verdict: refused: {type(error).__name__}: {error}")
    else:
        print("verdict: accepted")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
