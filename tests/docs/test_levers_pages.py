"""The pages of scenarios agree with the code, the files that ship and the plans they were filled from."""

import re
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest

from tests.report.made_up_levers import SHORTFALLS, found
from vallum.plan.scenario import Override, read_scenario
from vallum.plan.scenario_file import Between, Content, named_scenarios

ROOT = Path(__file__).resolve().parents[2]
REFERENCE, METHOD, HOW_TO = (
    ROOT / f"docs/{part}.md" for part in ("reference/scenario", "explanation/levers", "how-to/levers")
)
CODE = (ROOT / "src/vallum/plan/scenario.py", ROOT / "src/vallum/plan/scenario_file.py")


def test_the_example_of_the_reference_is_a_scenario(tmp_path: Path) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", REFERENCE.read_text(encoding="utf-8"), re.DOTALL)
    file = tmp_path / "example.toml"
    file.write_text(text, encoding="utf-8")
    assert len(read_scenario(file).override) == 3
    shown = set(tomllib.loads(text)) | {name for one in tomllib.loads(text)["override"] for name in one}
    assert shown == {*Content.__struct_encode_fields__, *Override.__struct_encode_fields__}


def test_the_reference_names_every_member_operation_and_rule() -> None:
    page = REFERENCE.read_text(encoding="utf-8")
    (ops,) = (field.type.values for field in msgspec.inspect.type_info(Override).fields if field.name == "op")
    rules = {rule for file in CODE for rule in re.findall(r'"(scenario_[a-z]+)"', file.read_text("utf-8"))}
    for name in (*ops, *Override.__struct_encode_fields__, *Between.__struct_encode_fields__, *rules):
        assert f"`{name}`" in page, name


def test_every_scenario_that_ships_is_told_and_measured() -> None:
    page = METHOD.read_text(encoding="utf-8")
    for name in named_scenarios("baltic"):
        assert f"`{name}`" in page
        assert page.count(f"| {name} | ") >= 3
    for name in re.findall(r"--scenario ([a-z0-9.-]+)", HOW_TO.read_text(encoding="utf-8")):
        assert name in named_scenarios("baltic") or name.endswith(".toml")


def test_the_script_fills_the_page_from_a_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    import levers_page

    page = METHOD.read_text(encoding="utf-8")
    marks = re.findall(r"<!-- measured: ([a-z]+) -->", page)
    assert sorted(marks) == sorted(levers_page.BLOCKS)
    text = "".join(levers_page.BLOCKS[name](found()) for name in marks if name != "run")
    assert "Of 2 differences are proven: alone 1, together 1." in text
    assert "| 1 | +3.50 | 2.00 to 4.50 | proven | +2.00 | 1.00 to 2.50 | proven |" in text
    assert "programmes in all 3 plans: 1; in some: 2; in all but one: `B`, `C`" in text
    for levels in SHORTFALLS.values():
        for value, bound in levels:
            assert f"| {value:.2f} | {bound:.2f} |" in text
