"""The certificates and the revocation list themselves (X.509, RFC 5280), made and read without any file."""

import hashlib
import ipaddress
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from vallum.core.errors import BadInput
from vallum.hub.pki.registry import Certificate, Kind

__all__ = [
    "REASONS",
    "authority_certificate",
    "client_certificate",
    "entry_of",
    "fingerprint",
    "new_key",
    "pem",
    "pem_of_key",
    "read_authority",
    "read_key",
    "read_revoked",
    "revocation_list",
    "serial_of",
    "server_certificate",
]

#: A device whose clock is slow by less than this takes a new certificate at once.
SLOW_CLOCK: Final = timedelta(hours=1)

#: Why a certificate was revoked, in the words of RFC 5280, section 5.3.1.
REASONS: Final = {
    "unspecified": x509.ReasonFlags.unspecified,
    "key-compromise": x509.ReasonFlags.key_compromise,
    "affiliation-changed": x509.ReasonFlags.affiliation_changed,
    "superseded": x509.ReasonFlags.superseded,
    "cessation-of-operation": x509.ReasonFlags.cessation_of_operation,
    "privilege-withdrawn": x509.ReasonFlags.privilege_withdrawn,
}


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a new key on the curve P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def fingerprint(certificate: bytes) -> str:
    """Return the SHA-256 of a certificate in DER, hexadecimal."""
    return hashlib.sha256(certificate).hexdigest()


def serial_of(certificate: x509.Certificate) -> str:
    """Return a certificate's serial number as the registry writes it."""
    return f"{certificate.serial_number:x}"


def entry_of(
    issued: x509.Certificate,
    kind: Kind,
    name: str,
    now: datetime,
    *,
    hosts: list[str] | None = None,
    nation: str | None = None,
    renews: str | None = None,
) -> Certificate:
    """Return what the registry says of a certificate; `renews` is the serial number of the one before."""
    return Certificate(
        serial=serial_of(issued),
        kind=kind,
        name=name,
        hosts=hosts or [],
        nation=nation,
        issued=now,
        expires=issued.not_valid_after_utc,
        fingerprint=fingerprint(issued.public_bytes(Encoding.DER)),
        renews=renews,
    )


def pem(certificate: x509.Certificate) -> bytes:
    """Return a certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM)


def pem_of_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a key as PEM (PKCS#8), not encrypted."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def authority_certificate(
    key: ec.EllipticCurvePrivateKey, name: str, now: datetime, lifetime: timedelta
) -> x509.Certificate:
    """Return the certificate of an authority, signed by itself, that issues to hosts and users alone.

    Parameters
    ----------
    key : EllipticCurvePrivateKey
        Of the authority.
    name : str
        Its common name.
    now : datetime
        Aware.
    lifetime : timedelta
        From now.
    """
    subject = _name(name)
    builder = _builder(subject, subject, key.public_key(), now, lifetime)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    builder = _with_identifiers(builder, key.public_key(), key.public_key())
    return builder.sign(key, hashes.SHA256())


def server_certificate(
    authority: x509.Certificate,
    signer: ec.EllipticCurvePrivateKey,
    public: ec.EllipticCurvePublicKey,
    hosts: Sequence[str],
    now: datetime,
    lifetime: timedelta,
) -> x509.Certificate:
    """Return the certificate of a server; its first host is the common name, all are alternative names."""
    builder = _builder(_name(hosts[0]), authority.subject, public, now, _within(authority, now, lifetime))
    alternatives = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
    builder = builder.add_extension(alternatives, critical=False)
    return _leaf(builder, signer, public, ExtendedKeyUsageOID.SERVER_AUTH)


def client_certificate(
    authority: x509.Certificate,
    signer: ec.EllipticCurvePrivateKey,
    public: CertificatePublicKeyTypes,
    name: str,
    nation: str,
    now: datetime,
    lifetime: timedelta,
) -> x509.Certificate:
    """Return the certificate of a user: nation as country (C), name as common name (CN)."""
    builder = _builder(_name(name, nation), authority.subject, public, now, _within(authority, now, lifetime))
    return _leaf(builder, signer, public, ExtendedKeyUsageOID.CLIENT_AUTH)


def revocation_list(
    authority: x509.Certificate,
    signer: ec.EllipticCurvePrivateKey,
    revoked: Iterable[Certificate],
    number: int,
    now: datetime,
) -> bytes:
    """Return the signed list of the revoked certificates as PEM.

    It is made when a certificate is revoked and not by the clock, so it stays good as long as the
    authority is.

    Parameters
    ----------
    authority, signer
        The authority's certificate and key.
    revoked : iterable of Certificate
        Entries of the registry that have a time of revocation.
    number : int
        Greater than in every list before.
    now : datetime
        Aware.
    """
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.subject)
        .last_update(now)
        .next_update(max(authority.not_valid_after_utc, now + SLOW_CLOCK))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    for one in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(int(one.serial, 16))
        entry = entry.revocation_date(one.revoked or now)
        # RFC 5280 wants the reason left out rather than called unspecified.
        if one.reason and one.reason != "unspecified":
            entry = entry.add_extension(x509.CRLReason(REASONS[one.reason]), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM)


def read_authority(content: bytes, where: str) -> x509.Certificate:
    """Read the authority's certificate.

    Parameters
    ----------
    content : bytes
        PEM.
    where : str
        Its file in messages.

    Raises
    ------
    BadInput
        If it is damaged, or not signed by itself.
    """
    try:
        certificate = x509.load_pem_x509_certificate(content)
        certificate.verify_directly_issued_by(certificate)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise _damaged("no certificate that signs itself", where) from error
    return certificate


def read_key(content: bytes, authority: x509.Certificate, where: str) -> ec.EllipticCurvePrivateKey:
    """Read the authority's key.

    Raises
    ------
    BadInput
        If it is damaged, or of another certificate.
    """
    try:
        key = load_pem_private_key(content, None)
    except (ValueError, TypeError) as error:
        raise _damaged("no private key", where) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != authority.public_key():
        raise _damaged("not the key of the authority's certificate", where)
    return key


def read_revoked(content: bytes, authority: x509.Certificate, where: str) -> frozenset[str]:
    """Read a revocation list and return the serial numbers on it.

    Raises
    ------
    BadInput
        If it is damaged, or not signed by the authority.
    """
    try:
        listed = x509.load_pem_x509_crl(content)
        public = authority.public_key()
        signed = isinstance(public, ec.EllipticCurvePublicKey) and listed.is_signature_valid(public)
    except (ValueError, TypeError) as error:
        raise _damaged("no revocation list", where) from error
    if not signed or listed.issuer != authority.subject:
        raise _damaged("not signed by this authority", where)
    return frozenset(f"{one.serial_number:x}" for one in listed)


def _name(common_name: str, country: str | None = None) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if country is not None:
        attributes.insert(0, x509.NameAttribute(NameOID.COUNTRY_NAME, country))
    return x509.Name(attributes)


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _within(authority: x509.Certificate, now: datetime, lifetime: timedelta) -> timedelta:
    """Return a lifetime that ends with that of the authority at the latest."""
    left = authority.not_valid_after_utc - now
    if left <= timedelta():
        raise BadInput(
            f"the authority's certificate expired on {authority.not_valid_after_utc:%Y-%m-%d}",
            "ca.pem",
            "validity",
            "Make a new authority in another folder and give every user a new certificate.",
        )
    return min(lifetime, left)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: CertificatePublicKeyTypes,
    now: datetime,
    lifetime: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SLOW_CLOCK)
        .not_valid_after(now + lifetime)
    )


def _leaf(
    builder: x509.CertificateBuilder,
    signer: ec.EllipticCurvePrivateKey,
    public: CertificatePublicKeyTypes,
    purpose: x509.ObjectIdentifier,
) -> x509.Certificate:
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    return _with_identifiers(builder, public, signer.public_key()).sign(signer, hashes.SHA256())


def _with_identifiers(
    builder: x509.CertificateBuilder, own: CertificatePublicKeyTypes, issuer: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    return builder.add_extension(
        x509.SubjectKeyIdentifier.from_public_key(own), critical=False
    ).add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _damaged(problem: str, where: str) -> BadInput:
    return BadInput(problem, where, "certificates", "Restore the folder from a backup.")
