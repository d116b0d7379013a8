"""What the tests of enrolment have in common: keys, requests, and users who come with a password or a token."""

import base64
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from tests.hub.marti.conftest import Bench, Reply
from vallum.hub.pki import UserRequest
from vallum.hub.pki.enrol import admit

PASSWORD = "õige hobune klamber"  # noqa: S105
V2 = "/Marti/api/tls/signClient/v2"
KEY = ec.generate_private_key(ec.SECP256R1())


def request_of(
    name: str, key: CertificateIssuerPrivateKeyTypes = KEY, digest: hashes.HashAlgorithm | None = None
) -> bytes:
    """A request as PEM, with more in its subject than the hub takes."""
    subject = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.COMMON_NAME, name),
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Vallum"),
            x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "XX"),
        ]
    )
    built = x509.CertificateSigningRequestBuilder().subject_name(subject)
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return built.sign(key, digest).public_bytes(Encoding.PEM)


def csr(name: str, key: CertificateIssuerPrivateKeyTypes = KEY) -> bytes:
    return request_of(name, key, hashes.SHA256())


def bare(pem: bytes) -> bytes:
    """PEM without the lines around it."""
    return b"\n".join(line for line in pem.splitlines() if not line.startswith(b"-----"))


def certificate(text: str) -> x509.Certificate:
    return x509.load_der_x509_certificate(base64.b64decode(text))


def with_password(site: Bench, name: str = "kadri", password: str = PASSWORD) -> None:
    """Give a user a password."""
    admit(site.authority, UserRequest(name=name), now=datetime.now(UTC), password=password)


def with_token(site: Bench, name: str = "kadri", valid: timedelta = timedelta(hours=1)) -> str:
    """Give a user a token."""
    token = admit(site.authority, UserRequest(name=name), now=datetime.now(UTC), valid=valid).token
    assert token is not None
    return token


def newcomer(site: Bench, name: str = "uustulnuk", nation: str = "EE") -> None:
    """A user without a certificate."""
    admit(site.authority, UserRequest(name=name, nation=nation), now=datetime.now(UTC))


def basic(name: str, secret: str, encoding: str = "utf-8") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode(encoding)).decode()}


async def come(site: Bench, path: str, name: str, secret: str, method: str = "GET", **more: object) -> Reply:
    """Ask on the enrolment listener, with a password or a token."""
    headers = more.pop("headers", {})
    assert isinstance(headers, dict)
    return await site.ask(
        path,
        name=None,
        method=method,
        listener="enrolment",
        headers={**basic(name, secret), **headers},
        **more,
    )


async def sign(
    site: Bench, name: str, secret: str, body: bytes | None = None, path: str = V2, **more: object
) -> Reply:
    return await come(site, path, name, secret, "POST", data=csr(name) if body is None else body, **more)
