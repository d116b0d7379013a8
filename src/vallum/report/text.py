"""What a folder holds in a few lines of plain text, for the terminal."""

from __future__ import annotations

from pathlib import Path

from vallum.report import answers, study, words
from vallum.report.figures import evacuation, fiscal, sky, works


def summary_lines(directory: Path | str) -> list[str]:
    """Return the answers of a folder of results as short lines without mark-up.

    Parameters
    ----------
    directory : Path
        As of `vallum.report.render`.

    Raises
    ------
    BadInput
        When the folder holds no results or damaged ones.
    """
    found = study.read(Path(directory))
    if not found.plans:
        openings = (fiscal.PART, works.PART, sky.PART, evacuation.PART)
        findings = [part(found).finding.replace(words.NBSP, " ") for part in openings]
        return [found.title, *filter(None, findings)]
    lines = [found.title]
    for plan in found.plans:
        parts = []
        for name, write, unit in (
            ("shortfall", words.gap_years, " gap-years"),
            ("cost", words.money, " discounted"),
            ("types", words.number, " types"),
        ):
            row = plan.levels.get(name)
            if row is not None:
                parts.append(
                    f"{write(float(row['value']))}{unit} (gap {words.percent(float(row['gap']), 1)})"
                )
        lines.append(f"{plan.word}: {', '.join(parts) or 'no level was solved'}")
    lines += answers.alone_costs(found)
    first = answers.buy_first(found)
    if first:
        lines.append("Buy first: " + "; ".join(entry.title for entry in first[:3]))
    blocked = answers.what_blocks(found)
    if blocked:
        lines.append("What blocks: " + "; ".join(entry.title for entry in blocked[:3]))
    return [line.replace(words.NBSP, " ") for line in lines]
