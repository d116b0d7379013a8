"""Everything that a user's devices are given with a certificate."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from vallum.core.errors import BadInput
from vallum.hub.pki import names
from vallum.hub.pki.certificates import pem, pem_of_key
from vallum.hub.pki.package import Connection, android_package, iphone_package, no_ipv6
from vallum.hub.pki.registry import Certificate, Registry
from vallum.hub.pki.stores import Encryption, client_store, trust_store

__all__ = ["DEFAULT_PORT", "Delivery", "enrolment_link", "files_of_user", "itak_text", "reachable"]

DEFAULT_PORT: Final = 8089


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a certificate reaches a device.

    Parameters
    ----------
    password : str
        Of the PKCS#12 files.
    host : str, optional
        Of the hub in the packages; the server certificate's common name unless given.
    port : int
        Of the hub's TLS listener.
    encryption : str
        ``3des`` or ``aes256``.
    """

    password: str
    host: str | None = None
    port: int = DEFAULT_PORT
    encryption: Encryption = "3des"


def reachable(known: Registry, host: str | None, now: datetime) -> str:
    """Return the host that packages name: one that the hub has a certificate for."""
    newest = known.server(now)
    remedy = "Issue one with: vallum pki server HOST."
    if newest is None:
        raise BadInput(
            "there is no valid server certificate that devices could meet", rule="server", remedy=remedy
        )
    wanted = newest.name if host is None else names.host(host)
    if wanted not in newest.hosts:
        problem = f"the hub's certificate is of {', '.join(newest.hosts)}"
        raise BadInput(problem, f"host {wanted}", "server", remedy)
    return wanted


def files_of_user(
    key: ec.EllipticCurvePrivateKey,
    issued: x509.Certificate,
    authority: x509.Certificate,
    entry: Certificate,
    host: str,
    delivery: Delivery,
) -> dict[str, bytes]:
    """Return a user's files by their names in the folder.

    PEM for programs, PKCS#12 for import by hand, a package for ATAK and WinTAK, one for iTAK.

    Parameters
    ----------
    key, issued
        Of the user.
    authority : Certificate
        Of the authority.
    entry : Certificate
        What the registry says of it.
    host : str
        Where the packages lead to.
    delivery : Delivery
        How it reaches a device.

    Raises
    ------
    BadInput
        If the host is an IPv6 address.
    """
    password, encryption = delivery.password, delivery.encryption
    connection = Connection(
        host=host,
        port=delivery.port,
        client=names.file_stem(entry.name),
        label=f"{host} {entry.name}",
        password=password,
        client_store=client_store(
            key,
            issued,
            authority,
            friendly_name=f"{entry.name} at {host}",
            password=password,
            encryption=encryption,
        ),
        trust_store=trust_store(authority, password=password, encryption=encryption),
        identity=entry.fingerprint,
    )
    own = f"users/{entry.name}"
    packages = f"{own}/{connection.client}-{host}"
    return {
        f"{own}/{entry.name}.key": pem_of_key(key),
        f"{own}/{entry.name}.pem": pem(issued),
        f"{own}/{connection.client_file}": connection.client_store,
        f"{own}/{connection.trust_file}": connection.trust_store,
        f"{packages}-atak.zip": android_package(connection, entry.issued),
        f"{packages}-itak.zip": iphone_package(connection, entry.issued),
    }


def enrolment_link(host: str, port: int, name: str, token: str) -> str:
    """Return the link that a device opens to enrol; it names the port of the stream if that is not 8089.

    Raises
    ------
    BadInput
        If the host is an IPv6 address.
    """
    where = _connectable(host) if port == DEFAULT_PORT else f"{_connectable(host)}:{port}"
    words = urlencode({"host": where, "username": name, "token": token}, quote_via=quote, safe=":")
    return f"tak://com.atakmap.app/enroll?{words}"


def itak_text(host: str, port: int) -> str:
    """Return what iTAK reads as a server from a QR code; name and token are then typed.

    Raises
    ------
    BadInput
        If the host is an IPv6 address.
    """
    return f"{host},{_connectable(host)},{port},ssl"


def _connectable(host: str) -> str:
    if ":" in host:
        raise no_ipv6(host)
    return host
