"""The policy file, policy.toml: who releases what to whom."""

import re
from pathlib import Path

import msgspec

from vallum.core.errors import BadInput
from vallum.core.policy import Policy, Release
from vallum.hub.config import read_toml

_TYPE = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9_.]+)*")


class ReleaseTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One ``[[release]]`` table; see `vallum.core.policy.Release`."""

    origin: str
    to: list[str] = []
    if_named: list[str] = []
    types: list[str] = []
    up_to: str = ""
    caveats: list[str] = []
    groups: list[str] | None = None


class PolicyTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file; see `vallum.core.policy.Policy`."""

    nations: list[str]
    levels: list[str] = msgspec.field(default_factory=lambda: ["UNCLASSIFIED"])
    default_level: str = ""
    level_aliases: dict[str, str] = {}
    nation_names: dict[str, list[str]] = {}
    release: list[ReleaseTable] = []
    refuse_types: list[str] = []
    refuse_details: list[str] = []


def read_policy(path: Path) -> Policy:
    """Read policy.toml.

    Raises
    ------
    BadInput
        If it cannot be read, or names a nation or level that it does not declare.
    """
    table = read_toml(path, PolicyTable)
    levels = tuple(level.strip().upper() for level in table.levels)
    nations = frozenset(table.nations)
    for key, stated in (("nations", table.nations), ("levels", levels)):
        if not stated or not all(stated) or len(set(stated)) < len(stated):
            raise BadInput(
                "empty, or one of them twice", f"{path}, {key}", key, "Name at least one, and each once."
            )
    for name in nations:
        if not (len(name) == 2 and name.isascii() and name.isalpha() and name.isupper()):
            raise BadInput(
                f"{name!r} is no ISO 3166-1 alpha-2 code",
                f"{path}, nations",
                "nations",
                "Write EE, LV, LT or the like.",
            )
    names = {
        alias.strip().upper(): _known(members, nations, f"{path}, nation_names.{alias}")
        for alias, members in table.nation_names.items()
    }
    aliases = {
        alias.strip().upper(): levels[_level(level, levels, f"{path}, level_aliases.{alias}")]
        for alias, level in table.level_aliases.items()
    }
    for alias in nations.intersection(names):
        raise BadInput(
            f"{alias} is a nation itself",
            f"{path}, nation_names.{alias}",
            "nation_names",
            "Choose another name.",
        )
    return Policy(
        nations=tuple(table.nations),
        levels=levels,
        default_level=_level(table.default_level, levels, f"{path}, default_level"),
        aliases=aliases,
        nation_names=names,
        releases=tuple(
            _release(rule, nations, levels, f"{path}, release {number}")
            for number, rule in enumerate(table.release, 1)
        ),
        refused_types=tuple(_type(text, f"{path}, refuse_types") for text in table.refuse_types),
        refused_details=frozenset(name.lower() for name in table.refuse_details),
    )


def _release(rule: ReleaseTable, nations: frozenset[str], levels: tuple[str, ...], where: str) -> Release:
    _known([rule.origin], nations, f"{where}, origin")
    return Release(
        origin=rule.origin,
        to=_known(rule.to, nations, f"{where}, to"),
        if_named=_known(rule.if_named, nations, f"{where}, if_named"),
        types=tuple(_type(text, f"{where}, types") for text in rule.types),
        up_to=_level(rule.up_to, levels, f"{where}, up_to"),
        caveats=frozenset(caveat.upper() for caveat in rule.caveats),
        groups=None if rule.groups is None else frozenset(rule.groups),
    )


def _known(names: list[str], nations: frozenset[str], where: str) -> frozenset[str]:
    for name in names:
        if name not in nations:
            raise BadInput(
                f"{name!r} is no nation of this policy", where, "nations", "Add it to nations, or correct it."
            )
    return frozenset(names)


def _level(name: str, levels: tuple[str, ...], where: str) -> int:
    word = name.strip().upper()
    if not word:
        return 0
    if word not in levels:
        raise BadInput(
            f"{name!r} is no level of this policy", where, "levels", f"One of {', '.join(levels)}."
        )
    return levels.index(word)


def _type(pattern: str, where: str) -> str:
    """Read a type, which may end in ``-*`` as a reminder that all below it are meant."""
    prefix = pattern.removesuffix("*").removesuffix("-")
    if not _TYPE.fullmatch(prefix):
        raise BadInput(
            f"{pattern!r} is no type",
            where,
            "types",
            'Write "a-f" for it and all below it; [] for all types.',
        )
    return prefix
