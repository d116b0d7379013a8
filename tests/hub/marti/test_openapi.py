"""The OpenAPI document: sound, served, and kept in the docs as it is."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.hub.conftest import run
from tests.hub.marti.conftest import bench
from vallum.hub.marti import enrolment
from vallum.hub.marti.openapi import PATH, document
from vallum.hub.marti.site import OPERATIONS

DOCS = Path(__file__).resolve().parents[3] / "docs"
LISTENERS = {"marti": OPERATIONS, "enrolment": enrolment.OPERATIONS}


@pytest.fixture
def generate(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(DOCS))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    import generate

    return generate


def test_a_hub_serves_its_own(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as site:
            reply = await site.ask(PATH, "vaatleja")
            assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
            assert reply.json == json.loads(json.dumps(document(OPERATIONS)))
            assert (await site.ask(PATH, method="POST")).status == 405

    run(work())


@pytest.mark.parametrize("listener", LISTENERS)
def test_names_are_unique_and_references_lead_somewhere(listener: str) -> None:
    made = document(LISTENERS[listener])
    operations = [one for methods in made["paths"].values() for one in methods.values()]
    assert len({one["operationId"] for one in operations}) == len(operations) == len(LISTENERS[listener])
    for kind, name in set(re.findall(r'"#/components/(\w+)/([^"]+)"', json.dumps(made))):
        assert re.fullmatch(r"[\w.-]+", name)
        assert name in made["components"][kind]


@pytest.mark.parametrize("listener", LISTENERS)
def test_each_schema_is_one_and_each_name_of_a_path_is_a_parameter(listener: str) -> None:
    made = document(LISTENERS[listener])
    for schema in made["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for path, methods in made["paths"].items():
        for one in methods.values():
            named = [part["name"] for part in one["parameters"] if part["in"] == "path"]
            assert named == re.findall(r"\{(\w+)\}", path)


def test_the_docs_have_it_as_it_is(generate: Any) -> None:
    kept = {file.stem: file.read_text(encoding="utf-8") for file in generate.OPENAPI.glob("*.json")}
    assert kept == generate.openapi_documents(), "run: .venv/bin/python docs/generate.py openapi"


def test_the_docs_show_every_route(generate: Any) -> None:
    shown = generate.marti_routes()
    for operations in LISTENERS.values():
        for one in operations:
            assert f"| `{one.method} {one.path}` | {one.summary} |" in shown
