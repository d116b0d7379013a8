"""Short-lived signed tokens (JWT, HS256): who has given a password once need not send it again for a while.

They hold for one run of the hub, and only as long as the password or one-time token behind them is good.
"""

import base64
import hashlib
import hmac
import secrets
from typing import Final, Literal

import msgspec

from vallum.hub.pki.credentials import Proof, Unproven

__all__ = ["VALID_S", "issue", "read"]

VALID_S: Final = 600
AUDIENCE: Final = "vallum"
LONGEST: Final = 2_048
#: A client decodes all three parts as one piece of base64, so these bytes must come out without padding.
HEADER: Final = b'{"alg":"HS256","typ":"JWT"}'
_KEY: Final = secrets.token_bytes(32)


class _Claims(msgspec.Struct):
    sub: str
    aud: str
    nbf: int
    exp: int
    iat: int
    by: Literal["password", "token"]
    key: str


def issue(proof: Proof, now: int) -> str:
    """Return a token for who has shown a proof.

    Parameters
    ----------
    proof : Proof
    now : int
        Seconds since 1970-01-01T00:00Z.
    """
    claims = _Claims(proof.name, AUDIENCE, now, now + VALID_S, now, proof.kind, proof.key)
    signed = f"{_written(HEADER)}.{_written(msgspec.json.encode(claims))}"
    return f"{signed}.{_written(_signature(signed))}"


def read(token: str, now: int) -> Proof:
    """Return the proof behind a token.

    Raises
    ------
    Unproven
        If it was not issued here, or has expired.
    """
    signed, _, signature = token.rpartition(".")
    expected = _written(_signature(signed))
    if len(token) > LONGEST or not hmac.compare_digest(signature.encode(), expected.encode()):
        raise Unproven("the bearer token was not issued by this run of the hub")
    payload = signed.partition(".")[2]
    claims = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=_Claims)
    if not claims.nbf <= now < claims.exp:
        raise Unproven("the bearer token has expired")
    return Proof(claims.sub, claims.by, claims.key)


def _signature(signed: str) -> bytes:
    return hmac.digest(_KEY, signed.encode(), hashlib.sha256)


def _written(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
