"""Running the command line in this process, and one plan of `toy` for all its tests."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from vallum.cli import main
from vallum.cli.documents import schemas


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    def document(self, name: str) -> Any:
        """Return the JSON on standard output, held against the schema of its command."""
        document = json.loads(self.out)
        jsonschema.Draft202012Validator(json.loads(schemas()[name])).validate(document)
        return document


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    monkeypatch.setenv("COLUMNS", "200")

    def started(*words: str | Path) -> Outcome:
        capfd.readouterr()
        code = main([str(word) for word in words])
        written = capfd.readouterr()
        return Outcome(code, written.out, written.err)

    return started


@pytest.fixture(scope="session")
def toy_plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a plan of both modes."""
    folder = tmp_path_factory.mktemp("toy") / "plan"
    code = main(["plan", "toy", "--mode", "both", "--time-limit", "10", "--out", str(folder), "--json"])
    assert code == 0
    return folder
