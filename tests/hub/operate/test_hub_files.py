"""The files of a new hub, and the pages that explain them."""

import errno
import os
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from vallum.core.errors import BadInput
from vallum.hub import config as schema
from vallum.hub.operate import templates
from vallum.hub.release import PolicyTable, ReleaseTable, read_policy

SECTIONS = {
    "limits": schema.Limits,
    "clock": schema.Clock,
    "chat": schema.Chat,
    "journal": schema.Journal,
    "marti": schema.Marti,
    "operate": schema.Operate,
}
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \|", re.MULTILINE)


def default_of(field: msgspec.inspect.Field) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def defaults(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {field.name: default_of(field) for field in msgspec.structs.fields(kind)}


def test_the_files_are_written_once(tmp_path: Path) -> None:
    files = templates.write(tmp_path / "new" / "hub")
    assert [file.name for file in files] == ["hub.toml", "policy.toml"]
    with pytest.raises(BadInput, match="is there already"):
        templates.write(tmp_path / "new" / "hub")


def test_nothing_is_written_beside_a_file_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text("mine", encoding="utf-8")
    with pytest.raises(BadInput, match="is there already"):
        templates.write(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["policy.toml"]
    assert (tmp_path / "policy.toml").read_text(encoding="utf-8") == "mine"


def test_hub_toml_says_exactly_the_defaults(tmp_path: Path) -> None:
    config = schema.read_config(templates.write(tmp_path)[0])
    assert config == schema.Config(listeners=config.listeners)
    by_kind = {listener.kind: listener for listener in config.listeners}
    for kind, port, authentication in (
        ("tls", 8089, "certificate"),
        ("marti", 8443, None),
        ("enrolment", 8446, None),
    ):
        assert by_kind[kind] == schema.Listener(kind=kind, port=port, authentication=authentication)
        assert by_kind[kind].asks_certificate is (kind != "enrolment")
    assert not by_kind["websocket"].enabled
    assert by_kind["websocket"].asks_certificate
    for kind in ("tcp", "udp", "mesh"):
        assert not by_kind[kind].enabled
        assert by_kind[kind] == schema.Listener(
            kind=kind,
            port=by_kind[kind].port,
            host=by_kind[kind].host,
            nation="EE",
            authentication="none",
            enabled=False,
        )
    assert (by_kind["mesh"].host, by_kind["mesh"].port) == schema.MESH_SA


def test_hub_toml_shows_every_key() -> None:
    written = tomllib.loads(templates.HUB)
    assert set(written) == set(defaults(schema.Config))
    for section, kind in SECTIONS.items():
        assert set(written[section]) == set(defaults(kind))
    assert {key for listener in written["listeners"] for key in listener} == set(defaults(schema.Listener))


def test_policy_toml_shows_every_key_and_releases_little(tmp_path: Path) -> None:
    written = tomllib.loads(templates.POLICY)
    assert set(written) == set(defaults(PolicyTable))
    shown = {key for rule in written["release"] for key in rule} | {"groups"}
    assert shown == set(defaults(ReleaseTable))
    for key in ("default_level", "refuse_types", "refuse_details"):
        assert written[key] == defaults(PolicyTable)[key]
    policy = read_policy(templates.write(tmp_path)[1])
    assert policy.nations == ("EE", "LV", "LT")
    for nation in policy.nations:
        others = frozenset(policy.nations) - {nation}
        openly, named = (rule for rule in policy.releases if rule.origin == nation)
        assert (openly.to, openly.types, openly.up_to) == (others, ("a-f", "b-a", "b-t-f"), 0)
        assert (named.to, named.if_named, named.types) == (frozenset(), others, ())


def section(page: str, title: str) -> dict[str, str]:
    """Return the rows of the first table under a heading, or under a line that introduces it."""
    rest = page.split(f"{title}\n", 1)[1]
    end = re.search(r"^(#|A rule:)", rest, re.MULTILINE)
    return dict(ROW.findall(rest[: end.start()] if end else rest))


def holds(told: str, default: Any) -> bool:
    """Whether what a page says of a default is so; what is neither value nor TOML is prose."""
    if default is msgspec.NODEFAULT:
        return told == "must be given"
    if isinstance(default, msgspec.Struct):
        return told == "as below"
    if default is None:
        return told in ("all", '`"certificate"` with TLS')
    return tomllib.loads(f"x = {told.strip('`')}")["x"] == default


@pytest.mark.parametrize(
    ("page", "title", "kind"),
    [
        ("hub.md", "### The file", schema.Config),
        ("hub.md", "### listeners", schema.Listener),
        *(("hub.md", f"### {name}", kind) for name, kind in SECTIONS.items()),
        ("policy.md", "## Keys", PolicyTable),
        ("policy.md", "A rule:", ReleaseTable),
    ],
)
def test_the_reference_names_every_key_with_its_default(
    page: str, title: str, kind: type[msgspec.Struct], root: Path
) -> None:
    told = section((root / "docs/reference" / page).read_text(encoding="utf-8"), title)
    known = defaults(kind)
    assert set(told) == set(known)
    for name, default in known.items():
        assert holds(told[name], default), f"{name}: {told[name]}"


def test_the_reference_names_every_detail_that_is_refused(root: Path) -> None:
    from vallum.core.policy import FIRE_DETAILS, STRIKE_TYPES

    page = (root / "docs/reference/policy.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in (*FIRE_DETAILS, *STRIKE_TYPES))


@pytest.mark.parametrize("call", [1, 2])
@pytest.mark.parametrize("name", ["fsync", "rename"])
def test_on_a_full_disk_both_files_are_there_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, call: int
) -> None:
    owner = os if name == "fsync" else Path
    real, calls = getattr(owner, name), 0

    def full(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*arguments)

    with monkeypatch.context() as broken:
        broken.setattr(owner, name, full)
        with pytest.raises(OSError, match="No space"):
            templates.write(tmp_path)
    assert list(tmp_path.iterdir()) == []
    templates.write(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"hub.toml", "policy.toml"}
