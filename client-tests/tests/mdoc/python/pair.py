"""isomdoc and pymdoccbor as one verifier of mdocs, because each checks what the other does not; isomdoc as an issuer.

Reads a job as JSON from standard input and prints the result as JSON. This script must never make up for a difference between
the libraries and vmyna.
"""

import json
import logging
import sys
from datetime import datetime

import cbor2
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509 import load_pem_x509_certificate
from isomdoc import create_mdoc, verify_device_response
from pymdoccbor.mdoc.verifier import MdocCbor

logging.disable(logging.CRITICAL)


def isomdoc_accepts(response, transcript):
    """Signatures, digests, document types. Neither chain nor dates."""
    try:
        return len(verify_device_response(response, transcript).documents) == 1
    except Exception:
        return False


def pymdoccbor_accepts(response, roots):
    """The chain and its dates, signature, digests. Not the device."""
    try:
        mdoc = MdocCbor()
        mdoc.loads(response)
        # The method returns True for a response without documents.
        return mdoc.verify(trusted_root_certs=roots) and len(mdoc.documents) == 1
    except Exception:
        return False


def verify(job):
    """The places of the changes with which both accept the response. A change is a byte and the bits to invert."""
    roots = [load_pem_x509_certificate(root.encode()) for root in job["roots"]]
    transcript = cbor2.loads(bytes.fromhex(job["transcript"]))
    genuine = bytes.fromhex(job["response"])
    accepted = []
    for at, (byte, mask) in enumerate(job["changes"]):
        changed = bytearray(genuine)
        changed[byte] ^= mask
        changed = bytes(changed)
        if isomdoc_accepts(changed, transcript) and pymdoccbor_accepts(changed, roots):
            accepted.append(at)
    return {"accepted": accepted}


def value(element):
    if "date" in element:
        return cbor2.CBORTag(1004, element["date"])
    if "hex" in element:
        return bytes.fromhex(element["hex"])
    return element["value"]


def issue(job):
    """An mdoc of isomdoc's, and its presentation, which isomdoc leaves to its caller."""

    def key(pem):
        return serialization.load_pem_private_key(pem.encode(), password=None)

    device = key(job["deviceKey"])
    certificate = load_pem_x509_certificate(job["certificate"].encode())
    mdoc = create_mdoc(job["docType"], [certificate], key(job["signerKey"]))
    for namespace, elements in job["elements"].items():
        for element in elements:
            mdoc.add_data_item(namespace, element["name"], value(element))
    begin, end = (datetime.fromisoformat(job[name]) for name in ("from", "until"))
    issued = mdoc.generate_credential(device.public_key(), begin, begin, end)

    names = cbor2.CBORTag(24, cbor2.dumps({}))
    transcript = cbor2.loads(bytes.fromhex(job["transcript"]))
    authentication = cbor2.dumps(["DeviceAuthentication", transcript, job["docType"], names])
    protected = cbor2.dumps({1: -7})
    signed = cbor2.dumps(["Signature1", protected, b"", cbor2.dumps(cbor2.CBORTag(24, authentication))])
    r, s = decode_dss_signature(device.sign(signed, ec.ECDSA(hashes.SHA256())))
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    document = {
        "docType": job["docType"],
        "issuerSigned": cbor2.loads(issued),
        "deviceSigned": {"nameSpaces": names, "deviceAuth": {"deviceSignature": [protected, {}, None, signature]}},
    }
    return {"response": cbor2.dumps({"version": "1.0", "documents": [document], "status": 0}).hex()}


job = json.load(sys.stdin)
print(json.dumps({"issue": issue, "verify": verify}[job["work"]](job)))
