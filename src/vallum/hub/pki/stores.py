"""PKCS#12 files for devices.

Two encryptions are offered. `3des` (PBE with SHA-1 and triple DES, MAC with SHA-1) is the form that devices
in the field are known to read: ATAK opens the file with the PKCS#12 provider of Android, which lacks PBES2
before Android 10 and was seen to refuse a MAC with SHA-256 on Android 12, and iOS long took the old form
alone. `aes256` (PBES2, AES-256, MAC with SHA-256) is for fleets that are known to read it. Behind a random
password of 100 bits the old form loses nothing; behind one that can be guessed it does.
"""

import secrets
from collections.abc import Mapping
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import KeySerializationEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import (
    PBES,
    PKCS12Certificate,
    serialize_java_truststore,
    serialize_key_and_certificates,
)

__all__ = ["Encryption", "certificate_store", "client_store", "random_password", "trust_store"]

Encryption = Literal["3des", "aes256"]
ALGORITHMS: Final = {
    "3des": (PBES.PBESv1SHA1And3KeyTripleDESCBC, hashes.SHA1()),  # noqa: S303
    "aes256": (PBES.PBESv2SHA256AndAES256CBC, hashes.SHA256()),
}
ROUNDS: Final = 20_000
#: None of them is taken for another when read aloud or typed; 20 of 32 are 100 bits.
LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
LETTERS_OF_A_PASSWORD: Final = 20


def random_password() -> str:
    """Return a password of 100 bits that can be read aloud and typed."""
    return "".join(secrets.choice(LETTERS) for _ in range(LETTERS_OF_A_PASSWORD))


def client_store(
    key: ec.EllipticCurvePrivateKey,
    certificate: x509.Certificate,
    authority: x509.Certificate,
    *,
    friendly_name: str,
    password: str,
    encryption: Encryption,
) -> bytes:
    """Return a user's key and certificate, and the authority's certificate, as one PKCS#12 file.

    Parameters
    ----------
    key, certificate
        Of the user.
    authority : Certificate
        Of the authority.
    friendly_name : str
        What a device shows in its list.
    password : str
        Printable ASCII.
    encryption : str
        ``3des`` or ``aes256``.
    """
    return serialize_key_and_certificates(
        friendly_name.encode(),
        key,
        certificate,
        [_trusted(authority)],
        _encrypted(password, encryption),
    )


def trust_store(authority: x509.Certificate, *, password: str, encryption: Encryption) -> bytes:
    """Return the authority's certificate as a PKCS#12 trust store, marked as trusted for Java as well."""
    return serialize_java_truststore([_trusted(authority)], _encrypted(password, encryption))


def certificate_store(certificates: Mapping[str, x509.Certificate], *, password: str) -> bytes:
    """Return certificates by their names as PKCS#12 without a key, in the form that old devices read."""
    held = [PKCS12Certificate(one, name.encode()) for name, one in certificates.items()]
    return serialize_java_truststore(held, _encrypted(password, "3des"))


def _trusted(authority: x509.Certificate) -> PKCS12Certificate:
    (common_name,) = authority.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return PKCS12Certificate(authority, str(common_name.value).encode())


def _encrypted(password: str, encryption: Encryption) -> KeySerializationEncryption:
    algorithm, mac = ALGORITHMS[encryption]
    return (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(ROUNDS)
        .key_cert_algorithm(algorithm)
        .hmac_hash(mac)
        .build(password.encode())
    )
