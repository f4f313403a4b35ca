"""Signed data (CMS, RFC 5652) with its content beside it."""
import hashlib

from asn1crypto import cms as asn1
from asn1crypto import parser
from asn1crypto import tsp  # noqa: F401  It knows signing-certificate-v2.

from checks import notice
from trust import has_signed, is_set_of_attributes

SHA_256, RSA = "2.16.840.1.101.3.4.2.1", ("1.2.840.113549.1.1.11", "1.2.840.113549.1.1.1")


def verify(checks, trust, bytes_, content, kind):
    """Verifies all signers. `kind` is where the signed data is: "cms" or "pdf"."""
    header, body, trailer = parser.parse(bytes_)[3:6]
    end = len(header) + len(body) + len(trailer)
    checks.demand("S21a" if kind == "cms" else "S21b", not any(bytes_[end:]))
    data = asn1.ContentInfo.load(bytes_[:end])["content"]
    enclosed = [one.chosen for one in data["certificates"] or []]
    signers = list(data["signer_infos"])
    checks.demand("S05a", signers)
    for signer in signers if checks.makes("S05b") else signers[:1]:
        verify_signer(checks, trust, signer, data["encap_content_info"]["content_type"].dotted, enclosed, content, kind)


def verify_signer(checks, trust, signer, content_type, enclosed, content, kind):
    sid = signer["sid"].chosen
    named = [one for one in enclosed if one.issuer == sid["issuer"] and one.serial_number == sid["serial_number"].native]
    checks.demand("S06", len(named) == 1)
    digest_algorithm = signer["digest_algorithm"]["algorithm"].dotted
    checks.demand("S08", digest_algorithm == SHA_256)
    if signer["signature_algorithm"]["algorithm"].dotted not in RSA:
        raise ValueError("the signature is not RSA")
    stated = None
    if len(signer["signed_attrs"]):
        stated = check_attributes(checks, signer["signed_attrs"], content_type, named, content, kind)
        covered = b"\x31" + signer["signed_attrs"].dump()[1:]
    else:
        checks.demand("S04", not is_set_of_attributes(content))
        covered = content
    value = signer["signature"].native
    # More than one only without S06: then the key of one and the name of another.
    checks.demand("S02a", any(has_signed(checks, one, value, covered) for one in named))
    trust.check(min(named, key=lambda one: one.public_key != trusted_key(trust, one)), enclosed, stated)


def trusted_key(trust, certificate):
    """The key of a certificate that an authority has signed, else none."""
    signature, message = certificate["signature_value"].native, certificate["tbs_certificate"].dump()
    signed = any(has_signed(trust.checks, anchor, signature, message) for _, anchor in trust.anchors)
    return certificate.public_key if signed else None


def check_attributes(checks, attributes, content_type, named, content, kind):
    """Checks the signed attributes. Returns the time that the signer states."""
    values = {}
    for attribute in attributes:
        name = attribute["type"].dotted
        if name in values or len(attribute["values"]) != 1:
            raise ValueError(f"the attribute {name} has not one value")
        values[name] = attribute["values"][0]
    checks.demand("S03", values["1.2.840.113549.1.9.3"].dotted == content_type)
    digest = hashlib.sha256(content).digest()
    checks.demand("S01a" if kind == "cms" else "S01b", values["1.2.840.113549.1.9.4"].native == digest)
    names = values.get("1.2.840.113549.1.9.16.2.47")
    if names is None:
        notice("S07b", "no attribute names the certificate")
    else:
        own = hashlib.sha256(named[0].dump()).digest()
        checks.demand("S07a", names["certs"][0]["cert_hash"].native == own)
    time = values.get("1.2.840.113549.1.9.5")
    return time.native if time else None
