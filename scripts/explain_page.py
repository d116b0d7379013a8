"""Writes the answers of `vallum explain` about a plan into docs/explanation/explain.md.

    vallum plan baltic --out out/baltic
    python scripts/explain_page.py out/baltic

What stands on the page between `<!-- measured: NAME -->` and `<!-- end -->` is replaced; the rest is written
by hand.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from vallum.plan.pick import pick_plan

PAGE: Final = Path(__file__).parents[1] / "docs" / "explanation" / "explain.md"
BLOCK: Final = re.compile(r"(<!-- measured: (?P<name>[a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL)
#: What planners ask, and the question as the command takes it.
QUESTIONS: Final = {
    "Why no Patriot for Estonia, with first units by 2032?": "--why-not LR_PATRIOT --state EE --by 2032",
    "And by 2029?": "--why-not LR_PATRIOT --state EE --by 2029",
    "Why do the three not buy IRIS-T in one order?": "--why-not MR_IRIST --with EE,LT,LV",
    "Why no NASAMS for Lithuania?": "--why-not MR_NASAMS --state LT",
    "Why does Latvia not add HIMARS?": "--why-not RO_HIMARS --state LV",
    "Why no more HIMARS for Estonia?": "--why-not RO_HIMARS --state EE",
    "Why no K9 for Estonia?": "--why-not SPH_K9 --state EE",
    "Why no K9 for Lithuania?": "--why-not SPH_K9 --state LT",
    "Why no common drone-wall package?": "--why-not BS_WALL_JOINT --with EE,LT,LV",
    "Why no medium-altitude drones by 2030?": "--why-not RU_TB2 --by 2030",
}


def run(plan: Path) -> str:
    """What was asked."""
    told = pick_plan(plan).manifest
    work, seconds = (told["limits"][name] for name in ("work", "time_limit_s"))
    limit = f"{seconds:g} seconds" if work is None else f"{work:,} units of work"
    return f"Region {told['region']['title']}, the joint plan after {limit} of search, seed {told['seed']}.\n"


def holds(plan: Path) -> str:
    """The ten limits that hold the plan back."""
    return f"```text\n{said(plan, '')}```\n"


def questions(plan: Path) -> str:
    """Each question with its command and its answer."""
    parts = [
        f"### {title}\n\n`vallum explain out/baltic {words}`\n\n```text\n{said(plan, words)}```\n"
        for title, words in QUESTIONS.items()
    ]
    return "\n".join(parts)


BLOCKS: Final = {"run": run, "holds": holds, "questions": questions}


def said(plan: Path, words: str) -> str:
    """Return what the command prints; 1 is the answer that something is impossible."""
    command = [sys.executable, "-m", "vallum", "explain", str(plan), *words.split()]
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "116"}
    )
    if done.returncode not in {0, 1}:
        sys.exit(done.stderr)
    return "".join(line.rstrip() + "\n" for line in done.stdout.splitlines())


def filled(page: str, plan: Path) -> str:
    """Return the page with the answers about a plan."""
    return BLOCK.sub(lambda match: match[1] + BLOCKS[match["name"]](plan) + match[3], page)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python scripts/explain_page.py FOLDER_OF_A_PLAN")
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), Path(sys.argv[1])), encoding="utf-8")
