"""Put answers, figures and sources together into one self-contained HTML file."""

from __future__ import annotations

import base64
import hashlib
import itertools
import os
import tempfile
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from vallum.core.errors import VallumError
from vallum.report import answers, study, words
from vallum.report.figures import (
    blocks,
    evacuation,
    fiscal,
    fragmentation,
    frontier,
    gains,
    levers,
    lines,
    money,
    programmes,
    quality,
    shares,
    shortfall,
    sky,
    trust,
    variety,
    works,
)
from vallum.report.parts import Figure, state_class
from vallum.report.provenance import REGISTER, ground, grounds

FIGURES: tuple[Callable[[study.Study], Figure], ...] = (
    shortfall.over_time,
    shortfall.heat_map,
    programmes.programmes,
    money.figure,
    lines.figure,
    variety.figure,
    gains.figure,
    fragmentation.figure,
    shares.figure,
    frontier.figure,
    blocks.figure,
    quality.figure,
)
#: What opens each further section, and its figures.
SECTIONS = (
    (fiscal.PART, fiscal.FISCAL),
    (works.PART, works.WORKS),
    (sky.PART, sky.SKY),
    (evacuation.PART, evacuation.EVACUATION),
)
TRUST: tuple[Callable[[study.Study], Figure], ...] = (trust.confidence, trust.assumptions, trust.seeds)


def _asset(name: str) -> str:
    return files("vallum.report").joinpath("assets", name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def environment() -> Environment:
    """Return the template environment: everything is escaped, an unknown name is an error."""
    made = Environment(
        loader=PackageLoader("vallum.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["plural"] = words.plural
    return made


def html(found: study.Study) -> str:
    """Return the whole page as text.

    The content security policy allows the page's own style and script by their hashes and nothing else, so
    even a mark-up that slipped through could neither run nor load anything.
    """
    style, script = _asset("report.css"), _asset("report.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    figures = [make(found) for make in FIGURES] if found.plans else []
    parts = SECTIONS if found.levers is None else ((levers.PART, levers.LEVERS),)
    sections = [_section(found, part, rest) for part, rest in parts]
    trusted = [make(found) for make in TRUST] if found.plans else []
    listed = grounds(found) if found.plans else []
    known = {g.table for g in listed}
    drawn = [*figures, *itertools.chain(*sections), *trusted]
    figure_grounds = {f.key: [ground(found, table) for table in f.inputs if table in known] for f in drawn}
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            study=found,
            policy=policy,
            style=Markup(style),  # noqa: S704 - our own file, no data in it
            script=Markup(script),  # noqa: S704 - our own file, no data in it
            answers=answers.of(found) if found.plans else None,
            figures=drawn,
            openings=[part.key for part, *_ in sections],
            start=next((part.key for part, *rest in sections if rest), "answers"),
            grounds=listed,
            figure_grounds=figure_grounds,
            register=found.main.input(REGISTER) if found.plans else (),
            names=words.joined(found.state_names(found.members)) or "the states",
            members=[(s, found.name("states", s), state_class(found.members, s)) for s in found.members],
        )
    )


def _section(
    found: study.Study, part: Callable[[study.Study], Figure], rest: Sequence[Callable[[study.Study], Figure]]
) -> list[Figure]:
    """Draw a section: only what opens it when it has no results."""
    opening = part(found)
    return [opening] if opening.empty else [opening, *(make(found) for make in rest)]


def render(directory: Path | str, out: Path | None = None) -> Path:
    """Write the report of whatever results are in a folder.

    Parameters
    ----------
    directory : Path
        Folder of a plan, with both modes or of one, of a fiscal outlook, of works, of sensors, of an
        evacuation, or of several of them.
    out : Path, optional
        File to write; report.html in the folder when not given.

    Returns
    -------
    Path
        The written file. It is replaced in one step: a reader never sees half a report.

    Raises
    ------
    BadInput
        When the folder holds none of them, or a damaged one.
    VallumError
        When the file cannot be written.
    """
    folder = Path(directory)
    return write(study.read(folder), out if out is not None else folder / "report.html")


def write(found: study.Study, target: Path) -> Path:
    """Write the report of a study; see `render`."""
    text = html(found)
    try:
        _replace(target, text)
    except OSError as error:
        raise VallumError(
            f"the report cannot be written ({error.strerror or error})",
            where=str(target),
            rule="output_file",
            remedy="Free some space, check the permissions, or name another file.",
        ) from error
    return target


def _replace(target: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".partial")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
