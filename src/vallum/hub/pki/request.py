"""Certificate requests (PKCS#10) as devices send them: nothing but the key is taken from them."""

import base64
import re
import unicodedata
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import NameOID

from vallum.core.errors import BadInput

__all__ = ["LARGEST_REQUEST", "AnotherName", "read_request"]

#: Bytes; one with a key of RSA 8192 in base64 is about 4 KiB.
LARGEST_REQUEST: Final = 16 * 1024
SHORTEST_RSA: Final = 2048
LONGEST_RSA: Final = 8192
CURVES: Final = ("secp256r1", "secp384r1", "secp521r1")
WHERE: Final = "body"
RULE: Final = "certificate request"
ARMOUR = re.compile(rb"-----(BEGIN|END) (?:NEW )?CERTIFICATE REQUEST-----")
NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/=\s]")


class AnotherName(BadInput):
    """A request for the name of somebody else."""


def read_request(body: bytes, name: str) -> CertificatePublicKeyTypes:
    """Return the key of a request that is signed with it and names its user.

    Parameters
    ----------
    body : bytes
        PEM, or its base64 without the lines around it.
    name : str
        Of the user, which the request's common name must be.

    Raises
    ------
    AnotherName
        If it names another user.
    BadInput
        If it is too large, damaged, not signed with its key, or of a weak key.
    """
    der = _unwrapped(body)
    try:
        request = x509.load_der_x509_csr(der)
        public = request.public_key()
        signed = request.is_signature_valid
        common = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except (ValueError, TypeError, x509.InvalidVersion, UnsupportedAlgorithm, InvalidSignature) as error:
        raise _refused("is no PKCS#10 request, or of a kind that is not taken") from error
    if not signed:
        raise _refused("is not signed with the key that it asks for")
    _check_key(public)
    if len(common) != 1 or unicodedata.normalize("NFC", str(common[0].value)) != name:
        raise AnotherName(
            "its common name (CN) is not the name of the user who asks", WHERE, RULE, "Write the user's name."
        )
    return public


def _unwrapped(body: bytes) -> bytes:
    if len(body) > LARGEST_REQUEST:
        raise _refused(f"is larger than {LARGEST_REQUEST} bytes")
    # Spaces, so that a byte that is named below has its place in what was sent.
    inner = ARMOUR.sub(lambda found: b" " * len(found[0]), body)
    wrong = NO_BASE64.search(inner)
    if wrong is not None:
        raise _refused(f"byte {wrong.start()} is no base64")
    if not inner.strip():
        raise _refused("is empty")
    try:
        return base64.b64decode(b"".join(inner.split()), validate=True)
    except ValueError as error:
        raise _refused("is no base64: signs are missing at its end") from error


def _check_key(public: CertificatePublicKeyTypes) -> None:
    if isinstance(public, rsa.RSAPublicKey):
        if not SHORTEST_RSA <= public.key_size <= LONGEST_RSA:
            raise _weak(f"RSA of {public.key_size} bits")
    elif isinstance(public, ec.EllipticCurvePublicKey):
        if public.curve.name not in CURVES:
            raise _weak(f"a key on the curve {public.curve.name}")
    elif not isinstance(public, ed25519.Ed25519PublicKey):
        raise _weak("a key of this kind")


def _weak(found: str) -> BadInput:
    remedy = f"Make a key of RSA {SHORTEST_RSA} to {LONGEST_RSA}, on P-256, P-384 or P-521, or Ed25519."
    return BadInput(f"{found} is not taken", WHERE, "key", remedy)


def _refused(problem: str) -> BadInput:
    return BadInput(problem, WHERE, RULE, "Send a PKCS#10 request as PEM or base64.")
