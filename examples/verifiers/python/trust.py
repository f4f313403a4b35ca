"""Authorities, certificates, revocation lists, and RSA signatures."""
import hashlib
import pathlib

from asn1crypto import core, crl, x509

from checks import Refused

# The test hierarchy's policies for signatures and for authentication.
PROFILES = {
    "sign": ("1.2.392.200149.8.5.1.0.20", {"digital_signature", "non_repudiation"}),
    "auth": ("1.2.392.200149.8.5.1.0.30", {"digital_signature"}),
}
KNOWN = {"2.5.29.15", "2.5.29.17", "2.5.29.18", "2.5.29.19", "2.5.29.31", "2.5.29.32", "2.5.29.35", "2.5.29.37", "2.5.29.14"}
INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def has_signed(checks, certificate, signature, message):
    """Whether the key of a certificate has signed a message: RSA PKCS#1 v1.5 with SHA-256."""
    key = certificate.public_key.native["public_key"]
    length = (key["modulus"].bit_length() + 7) // 8
    value = int.from_bytes(signature, "big")
    if len(signature) != length or value >= key["modulus"]:
        return False
    block = pow(value, key["public_exponent"], key["modulus"]).to_bytes(length, "big")
    digest = hashlib.sha256(message).digest()
    right = b"\0\1" + b"\xff" * (length - 3 - len(INFO + digest)) + b"\0" + INFO + digest
    if block == right:
        return True
    # Three ways in which programs have compared less.
    if not checks.makes("S09a"):
        end = block.find(b"\0", 2)
        if block[:2] == b"\0\1" and set(block[2:end]) == {0xFF} and block[end + 1:].startswith(INFO + digest):
            return True
    if not checks.makes("S09b"):
        end = block.find(b"\0", 2)
        fill, info = block[2:end], block[end + 1:]
        if block[:2] == b"\0\1" and set(fill) == {0xFF} and info[4:15] == INFO[4:15] and info.endswith(b"\4\x20" + digest):
            return True
    return not checks.makes("S09c") and block[0] == 0 and block.endswith(b"\0" + INFO + digest) and len(block) == length


def extension(certificate, name):
    for one in certificate["tbs_certificate"]["extensions"]:
        if one["extn_id"].native == name:
            return one["extn_value"].parsed.native
    return None


class Trust:
    """The named authorities, the time and the revocation lists."""

    def __init__(self, checks, folder, lists, now):
        self.checks, self.now = checks, now
        files = sorted(pathlib.Path(folder).glob("*-ca*.der"))
        self.anchors = [(file.name.split("-")[0], x509.Certificate.load(file.read_bytes())) for file in files]
        self.lists = None
        if lists:
            self.lists = [crl.CertificateList.load(file.read_bytes()) for file in sorted(pathlib.Path(lists).iterdir())]

    def check(self, certificate, enclosed, stated):
        """Checks a signer's certificate. `enclosed` came with it, `stated` is the time that the signer states."""
        demand = self.checks.demand
        kind, anchor = self.issuer(certificate, enclosed)
        demand("S10", kind == "sign")
        policy, usage = PROFILES[kind]
        policies = [one["policy_identifier"] for one in extension(certificate, "certificate_policies") or []]
        demand("S11b", policies == [policy])
        demand("S11a", extension(certificate, "key_usage") == usage)
        extensions = [one for one in certificate["tbs_certificate"]["extensions"]]
        demand("S12d", all(one["extn_id"].dotted in KNOWN for one in extensions if one["critical"].native))
        demand("S12e", len({one["extn_id"].dotted for one in extensions}) == len(extensions))
        at = self.now if self.checks.makes("S13") or stated is None else stated
        validity = certificate["tbs_certificate"]["validity"]
        demand("S12c", validity["not_before"].native <= at <= validity["not_after"].native)
        # The lists are those of the named authorities.
        if self.lists is not None and any(anchor == named for _, named in self.anchors):
            demand("S12g", not self.revoked(certificate, anchor, at))

    def issuer(self, certificate, enclosed):
        """The kind and the certificate of the named authority above a certificate."""
        identifier = extension(certificate, "authority_key_identifier")["key_identifier"]
        message, signature = certificate["tbs_certificate"].dump(), certificate["signature_value"].native
        for kind, anchor in self.anchors:
            if anchor.key_identifier == identifier:
                self.checks.demand("S12f", has_signed(self.checks, anchor, signature, message))
                return kind, anchor
        for issuer in enclosed:
            if issuer.key_identifier != identifier or not has_signed(self.checks, issuer, signature, message):
                continue
            authority = (extension(issuer, "basic_constraints") or {}).get("ca", False)
            if not self.checks.makes("S12a") and authority:
                return "sign", issuer
            self.checks.demand("S12b", authority)
            if issuer.self_signed == "no":
                return self.issuer(issuer, enclosed)
        raise Refused("S12a: no named authority has issued the certificate")

    def revoked(self, certificate, anchor, at):
        """Whether a list of the authority names a certificate. Lists of municipalities repeat what the complete one has."""
        own = 0
        for one in self.lists:
            body = one["tbs_cert_list"]
            if body["issuer"] != anchor.subject or not has_signed(self.checks, anchor, one["signature"].native, body.dump()):
                continue
            if not body["this_update"].native <= self.now < body["next_update"].native:
                continue
            own += 1
            for entry in body["revoked_certificates"]:
                if entry["user_certificate"].native == certificate.serial_number and entry["revocation_date"].native <= at:
                    return True
        if own == 0:
            raise Refused("S12g: no list of the authority is at hand")
        return False


def is_set_of_attributes(content):
    """Whether a content can be read as signed attributes."""
    try:
        parsed = core.load(content, strict=True)
        return isinstance(parsed, core.Set) and core.SetOf.load(content, spec=core.Sequence)[0][0].tag == 6
    except (ValueError, IndexError, TypeError):
        return False
