"""Every Marti route that real clients call does what the table of routes says of it."""

import csv
from pathlib import Path

import jsonschema
import pytest

from tests.hub.conftest import run
from tests.hub.marti.asked_routes import World, empty, filled, recipe_of
from tests.hub.marti.conftest import Reply, bench
from vallum.hub.marti import enrolment
from vallum.hub.marti.openapi import document
from vallum.hub.marti.operation import Media, Operation
from vallum.hub.marti.site import OPERATIONS

CORPUS = Path(__file__).resolve().parents[2] / "corpus" / "marti" / "routes.csv"
ROUTES = list(csv.DictReader(CORPUS.read_text(encoding="utf-8").splitlines()))
LISTENERS = {"marti": OPERATIONS, "enrolment": enrolment.OPERATIONS}


def operation_of(route: dict[str, str]) -> Operation | None:
    found = (one for one in LISTENERS[route["listener"]] if one.method == route["method"])
    return next((one for one in found if same(one.path, route["path"])), None)


def same(ours: str, theirs: str) -> bool:
    """Whether two templates differ in the names of their names alone."""

    def bare(path: str) -> list[str]:
        return ["{}" if part.startswith("{") else part for part in path.split("/")]

    return bare(ours) == bare(theirs)


def fault(route: dict[str, str], reply: Reply, rightly_empty: bool) -> str:
    """Say what is not as the table has it; empty if all is."""
    if route["status"] == "refused":
        if not 400 <= reply.status < 500:
            return f"refused with {reply.status}"
        return "" if reply.json.get("rule") else "refused without a rule"
    if not 200 <= reply.status < 300:
        return f"{reply.status}: {reply.body[:300]!r}"
    if route["status"] == "answered empty":
        return "" if empty(reply.body) else f"not empty: {reply.body[:300]!r}"
    operation = operation_of(route)
    return "not declared" if operation is None else shape(operation, reply, rightly_empty)


def shape(operation: Operation, reply: Reply, rightly_empty: bool) -> str:
    if reply.status not in (operation.status, *operation.also):
        return f"status {reply.status} is not declared"
    if operation.answer is None or reply.status == 204:
        return f"a body: {reply.body[:100]!r}" if reply.body else ""
    if isinstance(operation.answer, Media):
        media = reply.headers["content-type"].split(";")[0]
        if "*" not in operation.answer.type and media != operation.answer.type.split(";")[0]:
            return f"{media} and not {operation.answer.type}"
        return "" if reply.body else "no body"
    return document_shape(operation, reply, rightly_empty)


def document_shape(operation: Operation, reply: Reply, rightly_empty: bool) -> str:
    if reply.headers["content-type"] != "application/json":
        return f"content type {reply.headers['content-type']}"
    said = next(iter(validator(operation, reply.status).iter_errors(reply.json)), None)
    if said is not None:
        return said.message
    return "" if empty(reply.body) == rightly_empty else f"empty: {not rightly_empty}"


def validator(operation: Operation, status: int) -> jsonschema.Draft202012Validator:
    made = document([operation])
    one = next(iter(made["paths"].values()))[operation.method.lower()]
    schema = one["responses"][str(status)]["content"]["application/json"]["schema"]
    return jsonschema.Draft202012Validator({"components": made["components"], **schema})


def test_every_route_is_answered_as_the_table_says(tmp_path: Path) -> None:
    wrong = []

    async def work() -> None:
        async with bench(tmp_path, requests_per_s=1e6, burst=1e6) as site:
            world = World(site)
            await world.begin()
            for route in ROUTES:
                ask = await recipe_of(route["method"], route["path"])(world)
                path = filled(route["path"], ask.path)
                reply = await site.ask(
                    path, ask.name, route["method"], route["listener"], params=ask.query, **ask.more
                )
                if said := fault(route, reply, ask.empty):
                    wrong.append(f"{route['method']} {route['path']}: {said}")
            await world.end()

    run(work())
    assert not wrong


@pytest.mark.parametrize("listener", LISTENERS)
def test_what_is_supported_is_described(listener: str) -> None:
    described = document(LISTENERS[listener])["paths"]
    missing = [
        f"{route['method']} {route['path']}"
        for route in ROUTES
        if route["listener"] == listener and route["status"] == "supported"
        if not any(
            same(path, route["path"]) and route["method"].lower() in methods
            for path, methods in described.items()
        )
    ]
    assert not missing


def test_what_is_not_supported_says_why() -> None:
    assert {route["status"] for route in ROUTES} <= {"supported", "answered empty", "refused"}
    assert all(bool(route["why"]) == (route["status"] != "supported") for route in ROUTES)
