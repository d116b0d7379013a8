"""The OpenAPI document of the HTTPS side, made from the declarations that it is served by."""

import asyncio
import re
from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

import msgspec
from starlette.responses import Response

from vallum.hub.marti.answer import JSON, Fault
from vallum.hub.marti.operation import Call, Media, Operation

__all__ = ["CERTIFICATE", "PASSWORD", "PATH", "described", "document"]

PATH: Final = "/Marti/api/openapi.json"
"""Where a hub serves its document."""

Json = dict[str, Any]

CERTIFICATE: Final[Json] = {
    "certificate": {
        "type": "mutualTLS",
        "description": "The client's certificate says who asks; nothing in a request does.",
    }
}
"""How one says who one is with a certificate."""
PASSWORD: Final[Json] = {
    "password": {"type": "http", "scheme": "basic", "description": "A password or a one-time token."},
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token of /oauth/token."},
}
"""The same where nobody has one yet."""

_NEWER: Final = {413: "Content Too Large", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}
_REF: Final = "#/components/schemas/{name}"
_NAME: Final = re.compile(r"\{(\w+)(?::\w+)?\}")
_ALWAYS: Final = (400, 401, 403, 404, 429)
"""Refusals that any operation may meet; 404 also when a path's name is none."""
_EMPTY: Final = (204, 304, 404)
_FORMS: Final[dict[str, Json]] = {
    "multipart/form-data": {
        "type": "object",
        "properties": {"assetfile": {"type": "string", "format": "binary"}},
        "required": ["assetfile"],
    },
    "application/x-www-form-urlencoded": {"type": "object", "additionalProperties": {"type": "string"}},
    "text/plain": {"type": "string"},
}
"""Schemas of bodies that are no JSON, where there is more to say than their type."""
_MAY: Final = {
    "see": "Every role.",
    "send": "Members and administrators.",
    "operate": "Administrators.",
}


def described(operations: tuple[Operation, ...]) -> tuple[Operation, ...]:
    """Return operations and one more, which answers their OpenAPI document."""

    async def describe(_: Call) -> Response:
        return Response(await asyncio.to_thread(rendered), media_type=JSON)

    @cache
    def rendered() -> bytes:
        return msgspec.json.encode(document(all_of_them))

    one = Operation("GET", PATH, describe, "This document", "basics", answer=dict[str, Any])
    all_of_them = (*operations, one)
    return all_of_them


def document(
    operations: Iterable[Operation],
    *,
    title: str = "Vallum, the HTTPS side of a hub",
    security: Json = CERTIFICATE,
) -> Json:
    """Return an OpenAPI 3.1 document.

    Parameters
    ----------
    operations : iterable of Operation
        Of one listener.
    title : str, optional
    security : dict of str to scheme, optional
        Ways to say who asks, any of which will do: `CERTIFICATE` or `PASSWORD`.
    """
    found = sorted(operations, key=lambda one: (one.path, one.method))
    schemas = _Schemas(found)
    paths: dict[str, Json] = {}
    for one in found:
        paths.setdefault(_NAME.sub(r"{\1}", one.path), {})[one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": version("vallum"),
            "description": "A GET also answers HEAD. Query parameters not named here are passed over.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": _refusals(found, schemas),
            "securitySchemes": security,
        },
        "security": [{name: []} for name in security],
    }


class _Schemas:
    """The JSON Schemas of every type that operations speak of."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        kinds: list[Any] = [Fault]
        for one in operations:
            kinds += [kind for kind in (one.query, one.body, one.answer) if _is_type(kind)]
        outs, components = msgspec.json.schema_components(kinds, ref_template=_REF)
        self._of = {repr(kind): out for kind, out in zip(kinds, outs, strict=True)}
        queries = {repr(one.query): self._component(one.query) for one in operations}
        self._queries = {kind: components[name] for kind, name in queries.items()}
        self.components = {
            name: schema for name, schema in sorted(components.items()) if name not in queries.values()
        }

    def of(self, kind: Any) -> Json:
        """Return the schema of a type, by reference where it has a name."""
        return self._of[repr(kind)]

    def parameters(self, query: type[msgspec.Struct]) -> list[Json]:
        """Return the query parameters that a struct holds."""
        schema = self._queries[repr(query)]
        return [
            {"name": name, "in": "query", "required": name in schema["required"], "schema": one}
            for name, one in schema.get("properties", {}).items()
        ]

    def _component(self, kind: Any) -> str:
        return str(self._of[repr(kind)]["$ref"]).rsplit("/", 1)[-1]


def _operation(one: Operation, schemas: _Schemas) -> Json:
    made: Json = {
        "operationId": _identifier(one),
        "summary": one.summary,
        "description": _MAY[one.may],
        "tags": [one.area],
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
                for name in _NAME.findall(one.path)
            ),
            *schemas.parameters(one.query),
        ],
        "responses": _responses(one, schemas),
    }
    if one.body is not None:
        made["requestBody"] = {
            "required": not isinstance(one.body, Media),
            "content": _content(one.body, schemas),
        }
    return made


def _responses(one: Operation, schemas: _Schemas) -> Json:
    made: Json = {
        str(status): {"$ref": f"#/components/responses/{_refusal(status)}"}
        for status in (*_ALWAYS, *_of_body(one), *one.refuses)
    }
    for status in (one.status, *one.also):
        made[str(status)] = {"description": _phrase(status)}
        if status not in _EMPTY and one.answer is not None:
            made[str(status)]["content"] = _content(one.answer, schemas)
    return dict(sorted(made.items()))


def _refusals(operations: Iterable[Operation], schemas: _Schemas) -> Json:
    statuses = {*_ALWAYS, *(status for one in operations for status in (*_of_body(one), *one.refuses))}
    content = _content(Fault, schemas)
    return {
        _refusal(status): {"description": _phrase(status), "content": content} for status in sorted(statuses)
    }


def _phrase(status: int) -> str:
    """Return the phrase of a status as RFC 9110 has it; older Pythons have older words for some."""
    return _NEWER.get(status) or HTTPStatus(status).phrase


def _refusal(status: int) -> str:
    return "".join(word.capitalize() for word in re.findall(r"\w+", _phrase(status)))


def _of_body(one: Operation) -> tuple[int, ...]:
    return () if one.body is None else (413,)


def _content(kind: Any, schemas: _Schemas) -> Json:
    if isinstance(kind, Media):
        schema = _FORMS.get(kind.type)
        return {kind.type: {} if schema is None else {"schema": schema}}
    return {JSON: {"schema": schemas.of(kind)}}


def _identifier(one: Operation) -> str:
    words = re.findall(r"\w+", one.path.removeprefix("/Marti"))
    return "_".join([one.method.lower(), *words])


def _is_type(kind: Any) -> bool:
    return kind is not None and not isinstance(kind, Media)
