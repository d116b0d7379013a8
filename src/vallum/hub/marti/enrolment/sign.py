"""Certificates for keys that devices have made."""

import asyncio
import base64
import textwrap
from datetime import UTC, datetime
from typing import Final, Literal
from xml.sax.saxutils import escape

import msgspec
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.responses import Response

from vallum.core.errors import BadInput
from vallum.hub.listener.https import CERTIFICATE
from vallum.hub.marti.answer import Refusal, json, xml
from vallum.hub.marti.app import read_whole
from vallum.hub.marti.operation import Call, Media, Operation
from vallum.hub.pki.authority import Authority
from vallum.hub.pki.certificates import serial_of
from vallum.hub.pki.credentials import Proof, Unproven
from vallum.hub.pki.enrol import enrol
from vallum.hub.pki.request import LARGEST_REQUEST, AnotherName, read_request
from vallum.hub.pki.stores import certificate_store

__all__ = ["OPERATIONS", "PROOF"]

log = structlog.get_logger("vallum.hub")

PROOF: Final = "proof"
"""Under this name a request's state holds how its user has shown who it is, if not by a certificate."""
#: What every client of this call tries; there is no key in the file.
STORE_PASSWORD: Final = "atakatak"  # noqa: S105
PKCS10: Final = "application/pkcs10"
OCTETS: Final = "application/octet-stream"
LINE: Final = 64


class Sign(msgspec.Struct, rename="camel"):
    """Who signs in which version, as clients state it; it changes nothing."""

    client_uid: str = ""
    version: str = ""


class Signed(msgspec.Struct):
    """The certificate and that of the authority, base64 without the lines around it."""

    signed_cert: str = msgspec.field(name="signedCert")
    ca0: str


async def sign(call: Call) -> Response:
    """Answer with the certificate as JSON, or as XML if that is asked for."""
    form = _accepted(call.request.headers.get("accept", ""))
    issued, authority = (_bare(one) for one in await _issued(call))
    if form == "json":
        return json(Signed(issued, authority))
    return xml(
        '<?xml version="1.0" encoding="UTF-8"?>\n<enrollment>'
        f"<signedCert>{escape(issued)}</signedCert><ca>{escape(authority)}</ca></enrollment>"
    )


async def sign_as_store(call: Call) -> Response:
    """Answer with the certificate as PKCS#12, as older clients read it."""
    issued, authority = await _issued(call)
    store = await asyncio.to_thread(
        certificate_store, {"signedCert": issued, "ca0": authority}, password=STORE_PASSWORD
    )
    return Response(store, media_type=OCTETS)


async def _issued(call: Call) -> tuple[x509.Certificate, x509.Certificate]:
    if not call.marti.enrols:
        raise Refusal(503, "this hub issues no certificates", rule="enrolment",
                      remedy="Ask whoever runs it for one.")  # fmt: skip
    body = await read_whole(call.request, LARGEST_REQUEST)
    try:
        public = await asyncio.to_thread(read_request, body, call.principal.name)
    except AnotherName as error:
        raise Refusal(403, f"{error.where}: {error.message}", rule=error.rule, remedy=error.remedy) from error
    except BadInput as error:
        raise Refusal(400, f"{error.where}: {error.message}", rule=error.rule, remedy=error.remedy) from error
    try:
        async with call.marti.signing:
            return await asyncio.to_thread(_issue, call, public)
    except Unproven as error:
        raise Refusal(403, str(error), rule="enrolment", remedy="Ask whoever runs the hub.") from error
    except (BadInput, OSError) as error:
        log.error("no certificate was issued", cause=str(error))
        raise Refusal(503, "the hub cannot issue certificates now", rule="authority",
                      remedy="Tell whoever runs the hub; its log says why.") from error  # fmt: skip


def _issue(call: Call, public: CertificatePublicKeyTypes) -> tuple[x509.Certificate, x509.Certificate]:
    # Opened for this one signature: the key is not kept in memory.
    authority = Authority.open(call.marti.pki)
    proof: Proof | None = getattr(call.request.state, PROOF, None)
    shown: bytes | None = getattr(call.request.state, CERTIFICATE, None)
    issued = enrol(
        authority,
        call.principal.name,
        public,
        now=datetime.now(UTC),
        days=call.marti.settings.certificate_days,
        proof=proof,
        renews=serial_of(x509.load_der_x509_certificate(shown)) if shown and proof is None else None,
    )
    log.info("certificate issued", name=call.principal.name, nation=call.principal.nation,
             by=proof.kind if proof else "certificate")  # fmt: skip
    return issued, authority.certificate


def _bare(certificate: x509.Certificate) -> str:
    encoded = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    return "\n".join(textwrap.wrap(encoded, LINE)) + "\n"


def _accepted(header: str) -> Literal["json", "xml"]:
    """Return the form that an Accept header prefers; JSON where it does not say.

    Raises
    ------
    Refusal
        406 if it takes neither.
    """
    best: tuple[float, Literal["json", "xml"] | None] = (0.0, None)
    for part in header.split(",") if header.strip() else ["*/*"]:
        kind, *parameters = (word.strip().lower() for word in part.split(";"))
        form: Literal["json", "xml"] | None = None
        if kind in ("application/json", "application/*", "*/*"):
            form = "json"
        elif kind in ("application/xml", "text/xml"):
            form = "xml"
        if form is not None and _quality(parameters) > best[0]:
            best = (_quality(parameters), form)
    if best[1] is None:
        raise Refusal(406, "header Accept: takes neither JSON nor XML", rule="Accept",
                      remedy="Write application/json or application/xml.")  # fmt: skip
    return best[1]


def _quality(parameters: list[str]) -> float:
    stated = next((one[2:] for one in parameters if one.startswith("q=")), "1")
    try:
        return float(stated)
    except ValueError:
        return 0.0


OPERATIONS: Final = (
    Operation(
        "POST", "/Marti/api/tls/signClient", sign_as_store,
        "Get a certificate for a PKCS#10 request, as PKCS#12 (password atakatak).", "enrolment",
        query=Sign, body=Media(PKCS10), answer=Media(OCTETS), refuses=(503,),
    ),
    Operation(
        "POST", "/Marti/api/tls/signClient/v2", sign,
        "Get a certificate for a PKCS#10 request, as JSON or XML.", "enrolment",
        query=Sign, body=Media(PKCS10), answer=Signed, refuses=(406, 503),
    ),
)  # fmt: skip
