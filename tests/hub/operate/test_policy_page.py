"""The worked example of docs/reference/policy.md, sent through a hub."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

COLUMNS = ("type", "access", "caveat", "releasableTo", "EE", "LV", "LT")


def examples(root: Path) -> list[dict[str, str]]:
    page = (root / "docs/reference/policy.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        for line in page.splitlines()
        if re.match(r"\| `[a-z]+-", line)
    ]
    return [dict(zip(COLUMNS, row, strict=False)) for row in rows]


def test_each_event_of_the_table_reaches_whom_it_says(
    operate: Callable, connect: Callable, make_event: Callable, tmp_path: Path, root: Path
) -> None:
    rows = examples(root)
    assert len(rows) == 12

    async def scenario() -> dict[str, set[str]]:
        async with operate(tmp_path) as run:
            readers = {nation: await connect(run, nation) for nation in ("EE", "LV", "LT")}
            sender = await connect(run, "EE")
            # Whoever has seen this gets the rest as it comes, in order, and not as the picture of now.
            sender.send(make_event("first"))
            for reader in readers.values():
                await reader.uids_until("first")
            for number, row in enumerate(rows):
                label = {name: row[name] for name in COLUMNS[1:4] if row[name]}
                sender.send(make_event(f"row-{number}", row["type"], **label))
            sender.send(make_event("last"))
            return {
                nation: await reader.uids_until("last") - {"first", "last"}
                for nation, reader in readers.items()
            }

    seen = asyncio.run(scenario())
    for nation, uids in seen.items():
        told = {f"row-{number}" for number, row in enumerate(rows) if row[nation] == "yes"}
        assert uids == told
