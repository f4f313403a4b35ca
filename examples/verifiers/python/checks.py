"""The checks and what they demand. The names are those of `vmyna exam`."""

CHECKS = {
    "S01a": "the digest is that of the content beside the signed data",
    "S01b": "the digest is that of the signed bytes of the PDF",
    "S02a": "the signature is over the signed attributes",
    "S03": "the attribute content-type states the type of the content",
    "S04": "the content is not the signed attributes of another signature",
    "S05a": "there is a signer",
    "S05b": "every signer is right",
    "S06": "the signer names one certificate",
    "S07a": "the attribute signing-certificate-v2 names the certificate",
    "S08": "the digest algorithm is that of the signature",
    "S09a": "the block of the signature is full",
    "S09b": "the parameters of the algorithm in the block are NULL",
    "S09c": "type and fill of the block are right",
    "S10": "the certificate is one for signatures, not for authentication",
    "S11a": "the key usage is that of the profile",
    "S11b": "the policy is that of the profile",
    "S12a": "a named authority stands above the certificate",
    "S12b": "issuers are authorities",
    "S12c": "the certificate has begun and not ended",
    "S12d": "no unknown extension is critical",
    "S12e": "no extension is there twice",
    "S12f": "the authority has signed the certificate",
    "S12g": "the certificate is not revoked",
    "S13": "the time of the check counts, not that which the signer states",
    "S15": "the byte range reaches the end of the PDF",
    "S16a": "the gap of the byte range is the value of the signature",
    "S16b": "the byte range starts at 0",
    "S17": "every signature of the PDF is right",
    "S18": "signatures are found however they are written",
    "S19a": "the signature has a value",
    "S19b": "the byte range has four numbers in their order",
    "S21a": "only zeros follow the signed data",
    "S21b": "only zeros follow the signed data in a PDF",
}


class Refused(Exception):
    """A check does not hold."""


class Checks:
    """The checks that are made."""

    def __init__(self, without):
        self.without = without

    def makes(self, name):
        return name not in self.without

    def demand(self, name, holds, *details):
        if self.makes(name) and not holds:
            raise Refused(": ".join([name, "not so: " + CHECKS[name], *details]))


def notice(name, reason):
    print(f"notice: {name}: {reason}")
