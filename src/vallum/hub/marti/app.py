"""The application: who asks, whether it may, what the request says, and what a refusal looks like."""

import math
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from vallum.core.principal import Principal
from vallum.hub.listener.https import CERTIFICATE, network
from vallum.hub.listener.peer import Gate, NotLetIn
from vallum.hub.marti.answer import JSON, Fault, Refusal
from vallum.hub.marti.operation import BODY_LIMIT, Call, Media, Operation, decoded, parameters
from vallum.hub.marti.service import Marti
from vallum.hub.operate.logs import described
from vallum.hub.rate import Buckets

__all__ = ["application", "by_certificate", "read_whole"]

log = structlog.get_logger("vallum.hub")

Who = Callable[[Request], Awaitable[Principal]]


def application(
    marti: Marti, operations: Iterable[Operation], who: Who, origins: Iterable[str] = ()
) -> Starlette:
    """Return the application of one listener.

    Parameters
    ----------
    marti : Marti
        What handlers share.
    operations : iterable of Operation
        What it answers; all else is refused with 404 or 405.
    who : callable
        Returns the principal of a request, or raises a `Refusal`.
    origins : iterable of str
        Origins of web pages that may ask; programs send none and may always.
    """
    pages = frozenset(origins)
    paths: dict[str, dict[str, Operation]] = {}
    for one in operations:
        methods = paths.setdefault(one.path, {})
        if one.method in methods:
            raise ValueError(f"{one.method} {one.path} is declared twice")
        methods[one.method] = one
    rates = _Rates(marti.settings.requests_per_s, marti.settings.burst)
    routes = [Route(path, _endpoint(marti, methods, who, rates, pages), methods=list(methods))
              for path, methods in sorted(paths.items(), key=_fixed_first)]  # fmt: skip
    handlers = {Refusal: _refused, HTTPException: _not_there, Exception: _failed, ClientDisconnect: _gone}
    return Starlette(routes=routes, exception_handlers=handlers)  # type: ignore[arg-type]


def by_certificate(gate: Gate) -> Who:
    """Return what finds out by the client's certificate who asks, anew for each request."""

    async def who(request: Request) -> Principal:
        try:
            return gate.principal(getattr(request.state, CERTIFICATE, None))
        except NotLetIn as error:
            raise Refusal(
                401, f"certificate refused: {error}", rule="certificate",
                remedy="Enrol again, or ask whoever runs the hub.", headers={"Connection": "close"},
            ) from error  # fmt: skip

    return who


def _fixed_first(item: tuple[str, object]) -> tuple[tuple[int, str], ...]:
    """Order paths so that a fixed word is tried before a name in its place, and a name before a rest."""
    parts = item[0].strip("/").split("/")
    return tuple((2 if ":path}" in part else 1 if "{" in part else 0, part) for part in parts)


def _endpoint(
    marti: Marti, methods: dict[str, Operation], who: Who, rates: "_Rates", pages: frozenset[str]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        operation = methods.get(request.method) or methods["GET"]  # HEAD is a GET without its body
        _refuse_foreign_page(request, pages)
        principal = await rates.known(who, request)
        rates.spend(principal, operation.cost)
        _allow(operation, principal)
        query = parameters(request.query_params, operation.query)
        body = await _body(request, operation)
        return await operation.handler(Call(marti, request, principal, request.path_params, query, body))

    return endpoint


def _refuse_foreign_page(request: Request, pages: frozenset[str]) -> None:
    """Refuse what a page of another site makes a browser send with the certificate of whoever reads it.

    Programs send neither header; a browser sends at least one with everything that changes anything.
    """
    origin = request.headers.get("origin")
    foreign = request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
    if foreign if origin is None else origin not in pages:
        raise Refusal(
            403, "asked by a web page of another origin", rule="origins",
            remedy="Whoever runs the hub adds it to origins of this listener in hub.toml.",
        )  # fmt: skip


def _allow(operation: Operation, principal: Principal) -> None:
    allowed = {"see": True, "send": principal.may_send, "operate": principal.role == "admin"}
    if not allowed[operation.may]:
        raise Refusal(
            403, f"role {principal.role or 'none'} does not do this", rule="roles",
            remedy="Ask whoever runs the hub for another role: vallum pki user NAME --role.",
        )  # fmt: skip


async def _body(request: Request, operation: Operation) -> object:
    if operation.body is None or isinstance(operation.body, Media):
        return None
    return decoded(await read_whole(request, BODY_LIMIT), operation.body)


async def read_whole(request: Request, limit: int) -> bytes:
    """Read a body that is at most so large.

    Raises
    ------
    Refusal
        413 if it is larger.
    """
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise Refusal(413, f"body: more than {limit} bytes", rule="size", headers={"Connection": "close"})
    return bytes(body)


class _Rates:
    """How much each principal may ask, and how often somebody who is nobody here."""

    def __init__(self, rate: float, burst: float) -> None:
        self._principals, self._strangers = Buckets(rate, burst), Buckets(rate, burst)

    async def known(self, who: Who, request: Request) -> Principal:
        """Find out who asks; whoever was nobody too often, or comes from where such do, is not looked at."""
        shown = getattr(request.state, CERTIFICATE, None)
        stranger = shown or network(request.client.host if request.client else "")
        _refuse_if(self._strangers.wait(stranger))
        try:
            return await who(request)
        except Refusal:
            self._strangers.spend(stranger)
            raise

    def spend(self, principal: Principal, cost: float) -> None:
        """Count a request."""
        _refuse_if(self._principals.spend((principal.nation, principal.name), cost))


def _refuse_if(wait: float) -> None:
    if wait > 0:
        raise Refusal(
            429, "too many requests", rule="requests_per_s", remedy="Wait, then ask again.",
            headers={"Retry-After": str(math.ceil(wait))},
        )  # fmt: skip


def _fault(fault: Fault, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(fault), fault.status, headers, JSON)


async def _refused(_: Request, error: Refusal) -> Response:
    return _fault(error.fault, error.headers)


async def _not_there(_: Request, error: HTTPException) -> Response:
    rules = {404: "there is no such path", 405: "the path does not take this method"}
    return _fault(
        Fault(error.status_code, rules.get(error.status_code, str(error.detail)), "paths",
              "See /Marti/api/openapi.json."),
        dict(error.headers or {}),
    )  # fmt: skip


async def _failed(request: Request, error: Exception) -> Response:
    at = f"{datetime.now(UTC):%H:%M:%S}"
    path = request.scope["route"].path if "route" in request.scope else ""
    log.error("request failed", path=path, clock=at, **described(error))
    return _fault(Fault(500, f"the hub failed at {at}; its log says why", "", "Tell whoever runs the hub."))


async def _gone(_request: Request, _error: ClientDisconnect) -> Response:
    return Response(status_code=499)
