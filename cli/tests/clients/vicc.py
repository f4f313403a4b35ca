"""Runs Debian's vicc, which Debian's packages alone do not let run.

The package installs the modules of vicc outside of Python's path, and vicc imports Crypto, which Debian calls Cryptodome.
"""

import importlib
import runpy
import sys

sys.path.append("/usr/lib/python3/site-packages/virtualsmartcard")

for name in ("", ".Cipher", ".Cipher.AES", ".Cipher.ARC4", ".Cipher.DES", ".Cipher.DES3",
             ".Hash", ".Hash.HMAC", ".Hash.MD5", ".Hash.SHA"):
    sys.modules["Crypto" + name] = importlib.import_module("Cryptodome" + name)

runpy.run_path("/usr/bin/vicc", run_name="__main__")
