"""Writes the figures of planned scenarios into docs/explanation/levers.md.

    for name in as-is us-late ...; do vallum plan baltic --scenario $name --out out/levers/$name; done
    python scripts/levers_page.py out/levers

The folder holds a folder for each scenario, of a plan of both modes, named like the scenario. What stands on
the page between `<!-- measured: NAME -->` and `<!-- end -->` is replaced; the rest is written by hand.
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from vallum.core.errors import BadInput
from vallum.plan.side_by_side import compare_plans
from vallum.plan.store import read_manifest

PAGE: Final = Path(__file__).parents[1] / "docs" / "explanation" / "levers.md"
BLOCK: Final = re.compile(r"(<!-- measured: (?P<name>[a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL)
FIRST: Final = "as-is"
MODES: Final = {"national": "alone", "joint": "together"}

Row = dict[str, Any]
Found = Mapping[str, Any]


def run(found: Found) -> str:
    """What was run."""
    told = read_manifest(Path(found["plans"][0]["folder"]) / "national")
    limits = told["limits"]
    limit = (
        f"{limits['time_limit_s']:g} seconds of search a mode"
        if limits["work"] is None
        else f"{limits['work']:,} units of work a mode"
    )
    count = len({row["folder"] for row in found["plans"]})
    return (
        f"Region {told['region']['title']}, {count} scenarios, each planned alone and together, {limit}, "
        f"seed {told['seed']}.\n"
    )


def levels(found: Found) -> str:
    """Shortfall, bound and cost of each plan."""
    rows = []
    for plan in found["plans"]:
        cost = next(level for level in plan["levels"] if level["name"] == "cost")
        rows.append(
            (
                Path(plan["folder"]).name,
                MODES[plan["mode"]],
                f"{plan['gap_years']:.2f}",
                f"{plan['bound']:.2f}",
                f"{100 * plan['gap']:.1f} %",
                f"{plan['cost_meur']:,.0f}",
                f"{cost['bound']:,.0f}",
                str(plan["types"]),
                f"{plan['safe_drawn_meur']:,.0f}",
            )
        )
    header = (
        "scenario", "plan", "gap-years", "no plan is below", "gap", "cost, EUR million", "none is below",
        "types", "SAFE drawn, EUR million",
    )  # fmt: skip
    return table(header, rows)


def deltas(found: Found) -> str:
    """Gap-years of each lever against the plan as is, alone and together."""
    by_folder: dict[str, dict[str, Row]] = {}
    for row in found["deltas"]:
        folder = row["second"].rsplit(" (", 1)[0]
        by_folder.setdefault(Path(folder).name, {})[row["mode"]] = row["gap_years"]
    order = sorted(by_folder, key=lambda name: -by_folder[name]["national"]["difference"])
    rows = ((name, *(cell for mode in MODES for cell in cells(by_folder[name][mode]))) for name in order)
    header = ("lever", "alone, gap-years more", "interval", "", "together, gap-years more", "interval", "")
    sure = [
        f"{word} {sum(by_folder[name][mode]['proven'] for name in order)}" for mode, word in MODES.items()
    ]
    return f"Of {len(order)} differences are proven: {', '.join(sure)}.\n\n" + table(header, rows)


def cells(apart: Row) -> tuple[str, str, str]:
    """A difference, its interval, and whether it is proven."""
    return f"{apart['difference']:+.2f}", interval(apart["interval"], 2), proof(apart)


def alone(found: Found) -> str:
    """What going alone costs under each lever."""
    rows = []
    for row in found["fragmentation"]:
        money, cost = row["same_money"], row["same_capability"]
        told = ("–", "–", "")
        if cost:
            told = (f"{cost['difference_meur']:,.0f}", interval(cost["interval"], 0), proof(cost))
        rows.append((Path(row["folder"]).name, *cells(money), *told))
    header = (
        "scenario", "gap-years more alone", "interval", "", "EUR million more alone", "interval", "",
    )  # fmt: skip
    return table(header, rows)


def programmes(found: Found) -> str:
    """How many programmes hold under every lever, and which hang on one."""
    lines = []
    for group in found["programmes"]:
        plans = len(group["plans"])
        taken = {row["programme_id"]: len(row["plans"]) for row in group["by_some"]}
        parts = [
            f"programmes in all {plans} plans: {len(group['by_all'])}; in some: {len(taken)}",
            *told("in all but one", [name for name, count in taken.items() if count == plans - 1]),
            *told("in one only", [name for name, count in taken.items() if count == 1]),
        ]
        lines.append(f"* **{MODES[group['mode']].capitalize()}**: {'; '.join(parts)}.\n")
    return "".join(lines)


def told(what: str, names: list[str]) -> list[str]:
    """Say which programmes are so, if any."""
    return [f"{what}: " + ", ".join(f"`{name}`" for name in sorted(names))] if names else []


BLOCKS: Final[dict[str, Callable[[Found], str]]] = {
    "run": run,
    "levels": levels,
    "deltas": deltas,
    "alone": alone,
    "programmes": programmes,
}


def proof(apart: Row) -> str:
    """Whether a difference is proven."""
    return "proven" if apart["proven"] else "not proven"


def interval(ends: Sequence[float | None], digits: int) -> str:
    """An interval; an end that is not known is without limit."""
    low, high = ("?" if end is None else f"{end:,.{digits}f}" for end in ends)
    return f"{low} to {high}"


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def folders_of(folder: Path) -> list[Path]:
    """Return the folders of the plans, that of the tables as they are first."""
    found = sorted(place.parent for place in folder.glob("*/compare.json"))
    return sorted(found, key=lambda place: place.name != FIRST)


def filled(page: str, found: Found) -> str:
    """Return the page with the figures of the plans."""
    return BLOCK.sub(lambda match: match[1] + BLOCKS[match["name"]](found) + match[3], page)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python scripts/levers_page.py FOLDER_OF_PLANS")
    try:
        text = filled(PAGE.read_text(encoding="utf-8"), compare_plans(folders_of(Path(sys.argv[1]))))
    except BadInput as error:
        sys.exit(str(error))
    PAGE.write_text(text, encoding="utf-8")
