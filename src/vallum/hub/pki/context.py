"""TLS as the hub offers it."""

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509

from vallum.core.errors import BadInput
from vallum.hub.pki.folder import AUTHORITY, SERVER, Folder

__all__ = ["server_context"]

#: Forward secrecy and authenticated encryption; TLS 1.3 has no others.
CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"


def server_context(path: Path | str, *, require_client: bool) -> ssl.SSLContext:
    """Return the TLS settings of a listener.

    TLS 1.2 is the lowest version, since devices in the field speak no higher one. No session tickets are
    given out: a ticket would outlive the revocation of the certificate that it stands for, and a device
    that comes back has to show its certificate in a full handshake. What Python cannot switch off is the
    resumption of TLS 1.2 by session identifier; there the certificate of the first handshake is still
    what `getpeercert` returns, so `Directory.principal` refuses it all the same. It has to be asked after
    every handshake.

    Parameters
    ----------
    path : path-like
        The folder that `vallum pki init` made.
    require_client : bool
        Whether a client has to show a certificate of this authority. Otherwise it is not asked for one.

    Raises
    ------
    BadInput
        If the server certificate is missing, damaged or expired.
    """
    folder = Folder(Path(path))
    place = folder.at(SERVER)
    remedy = f"Issue one with: vallum pki server HOST --dir '{folder.path}'."
    if not place.exists():
        raise BadInput("there is no server certificate", str(place), "server", remedy)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.num_tickets = 0
    try:
        expires = x509.load_pem_x509_certificate(folder.read(SERVER)).not_valid_after_utc
        context.load_cert_chain(place)
        context.load_verify_locations(folder.at(AUTHORITY))
    except (ssl.SSLError, ValueError) as error:
        raise BadInput(
            "key and certificate do not fit, or are damaged", str(place), "server", remedy
        ) from error
    if expires <= datetime.now(UTC):
        raise BadInput(f"expired on {expires:%Y-%m-%d}", str(place), "server", remedy)
    context.verify_mode = ssl.CERT_REQUIRED if require_client else ssl.CERT_NONE
    return context
