"""What a scenario file says, how it is read, and the scenarios that stand in a region's folder.

    name = "US systems three years late"
    description = "Systems of American makers take 36 months longer to the first delivery."
    source = "analyst assumption"
    confidence = "assumption"

    [[override]]
    table = "programmes"
    key = { "system_id.producer_country" = "US" }
    where = { start_latest = { from = 2027 } }
    column = "lead_months"
    op = "add"
    value = 36

docs/reference/scenario.md tells every member.
"""

import difflib
import stat
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from vallum.core.errors import BadInput
from vallum.region import catalogue
from vallum.region.package import DESCRIPTOR
from vallum.region.region import SHIPPED

__all__ = [
    "Between",
    "Override",
    "Scalar",
    "Scenario",
    "find_scenario",
    "named_scenarios",
    "nearest",
    "read_scenario",
]

Scalar = bool | int | float | str

#: No scenario is larger; a file that is was named by mistake.
FILE_LIMIT_BYTES: Final = 1_000_000
#: Folder of a region in which its scenarios stand.
FOLDER: Final = "scenarios"
REMEDY: Final = "See docs/reference/scenario.md for what a scenario holds."
#: Characters of a name for which a near one is looked up.
LONGEST_NAME: Final = 100


class Between(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which values of a column are meant.

    Parameters
    ----------
    least, most : int, float or str, optional
        `from` and `to` in the file; both ends belong to it.
    one_of : list, optional
        `in` in the file.
    """

    least: int | float | str | None = msgspec.field(default=None, name="from")
    most: int | float | str | None = msgspec.field(default=None, name="to")
    one_of: list[int | float | str] | None = msgspec.field(default=None, name="in")


class Override(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One change.

    A column of the table that this one refers to is named after the referring column, as in
    `system_id.producer_country`; it can be read and not changed.

    Parameters
    ----------
    table, column : str
        What to change.
    key : dict
        Column -> value; which rows to change.
    where : dict
        Column -> `Between`; rows must fit this as well.
    op : {"set", "add", "multiply", "at_most", "at_least"}
        How the value is applied.
    value : bool, int, float or str
        In the unit of the column; all but set take numbers. True and false stand for y and n.
    times : list of str
        Columns of numbers; the value is multiplied by theirs in the same row.
    """

    table: str
    column: str
    value: Scalar
    key: dict[str, int | float | str] = {}
    where: dict[str, Between] = {}
    op: Literal["set", "add", "multiply", "at_most", "at_least"] = "set"
    times: list[str] = []


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a scenario file holds."""

    override: list[Override] = []
    name: str = ""
    description: str = ""
    source: str = ""
    confidence: Literal["", "high", "medium", "low", "assumption"] = ""


class Scenario(Content, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Changes in the order in which they are applied, and what they mean.

    Parameters
    ----------
    override : list of Override
    name, description : str
        A title; what it means, in one sentence. Of a file without a name the title is the file's name.
    source : str
        Public source of the numbers, or "analyst assumption".
    confidence : {"", "high", "medium", "low", "assumption"}
    file : str
        Where it was read from, for messages.
    """

    file: str = ""


def read_scenario(file: Path) -> Scenario:
    """Read a scenario.

    Parameters
    ----------
    file : Path
        A TOML file in UTF-8, up to 1 MB.

    Raises
    ------
    BadInput
        If the file is missing, is no regular file, is too large, is no TOML, or names an unknown member.
    """
    try:
        content = tomllib.loads(content_of(file).decode("utf-8-sig").replace("\r\n", "\n"))
        check_members(content, file)
        found = msgspec.structs.asdict(msgspec.convert(content, Content))
    except FileNotFoundError:
        raise refused("There is no such file", file) from None
    except OSError as error:
        raise refused(f"The file cannot be read: {error.strerror}", file) from error
    except UnicodeDecodeError as error:
        raise refused("The file is not in UTF-8", file) from error
    except RecursionError as error:
        raise refused("The file nests lists or tables too deeply", file) from error
    except ValueError as error:  # no TOML, no scenario, or a number of thousands of digits
        raise refused(str(error), file) from error
    return Scenario(**{**found, "name": found["name"] or file.stem, "file": str(file)})


def refused(message: str, file: Path, remedy: str = REMEDY) -> BadInput:
    """Return the error for a file that is no scenario."""
    return BadInput(message, where=str(file), rule="scenario_file", remedy=remedy)


def content_of(file: Path) -> bytes:
    """Read a regular file of moderate size; a device or a pipe is not even opened.

    Raises
    ------
    BadInput
        If it is another kind of file, or too large.
    OSError
        If it cannot be read.
    """
    remedy = "Give a scenario file; docs/reference/scenario.md says what one holds."
    if not stat.S_ISREG(file.stat().st_mode):
        raise refused("This is no regular file", file, remedy)
    with file.open("rb") as opened:
        content = opened.read(FILE_LIMIT_BYTES + 1)
    if len(content) > FILE_LIMIT_BYTES:
        raise refused(f"The file is larger than {FILE_LIMIT_BYTES / 1e6:.0f} MB", file, remedy)
    return content


def check_members(content: Mapping[str, Any], file: Path) -> None:
    """Raise BadInput for a member that a scenario or a change does not have, with the nearest that it has.

    What is of a wrong type is left to the conversion, which names it.
    """
    parts = [("the scenario", content, Content.__struct_encode_fields__)]
    overrides = content.get("override")
    if isinstance(overrides, list):
        parts += [
            (f"override {position}", override, Override.__struct_encode_fields__)
            for position, override in enumerate(overrides, start=1)
            if isinstance(override, dict)
        ]
    for what, given, known in parts:
        for name in given:
            if name not in known:
                message = f"There is no member named {name[:LONGEST_NAME]} in {what}"
                raise refused(message, file, f"{nearest(name, known)}{REMEDY}")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the question whether the nearest known name was meant, with a space after it; empty for none."""
    close = difflib.get_close_matches(name[:LONGEST_NAME], list(known), n=1)
    return f"Did you mean {close[0]}? " if close else ""


# ---------------------------------------------------------------- scenarios of a region


def named_scenarios(region: str | Path) -> dict[str, Path]:
    """Find the scenarios that stand in the folder of a region.

    Parameters
    ----------
    region : str or Path
        A folder of a region, or the name of one that ships, as `Region.read` takes it.

    Returns
    -------
    dict of str to Path
        Name (of the file, without its ending) -> file, by name.
    """
    own = Path(region)
    ships = str(region) in catalogue() and not (own / DESCRIPTOR).is_file()
    folder = (SHIPPED / str(region) if ships else own) / FOLDER
    return {file.stem: file for file in sorted(folder.glob("*.toml"))}


def find_scenario(region: str | Path, given: str) -> Path:
    """Find a scenario by its name among those of a region, or by the path of its file.

    Parameters
    ----------
    region : str or Path
        As `named_scenarios` takes it.
    given : str
        A name goes before a file of the same name.

    Raises
    ------
    BadInput
        If it is neither.
    """
    named = named_scenarios(region)
    if given in named:
        return named[given]
    if exists(given):
        return Path(given)
    raise BadInput(
        f"There is no scenario and no file named {given[:LONGEST_NAME]!r}",
        where="--scenario",
        rule="scenario_name",
        remedy=f"{nearest(given, named)}{listed(named)}",
    )


def exists(given: str) -> bool:
    """Tell whether something has this path; a name that no file can have is none."""
    try:
        return given.strip() != "" and Path(given).exists()
    except (OSError, ValueError):
        return False


def listed(names: Collection[str]) -> str:
    """Return the names there are as a sentence."""
    return f"Known: {', '.join(names)}." if names else "The region has none; give the path of a file."
