"""`vallum scenarios REGION`."""

from rich.markup import escape

from vallum.cli.compare_documents import ScenarioLine, ScenariosDocument
from vallum.cli.options import Common
from vallum.cli.outcome import OK
from vallum.cli.output import emit, show, table

__all__ = ["scenarios"]


def scenarios(region: str, /, *, common: Common | None = None) -> int:
    """List the scenarios of a region, with what each means and where its numbers come from.

    Each is applied, so that one that no longer fits the tables is found here.

    Parameters
    ----------
    region
        Folder of a region, or the name of one that ships (toy, baltic).
    """
    common = common or Common()
    document = document_of(region)
    if common.json:
        emit(document)
        return OK
    shown = table("--scenario", "", "what it means", "source", "confidence")
    for one in document.scenarios:
        cells = (one.scenario, one.name, one.description, one.source, one.confidence)
        shown.add_row(*map(escape, cells))
    show(shown if document.scenarios else "The region has no scenarios.")
    return OK


def document_of(region: str) -> ScenariosDocument:
    """Return the scenarios of a region as the document that `--json` writes.

    Raises
    ------
    BadInput
        If there is no such region, it is not sound, or one of the scenarios cannot be applied to it.
    """
    from vallum.plan.scenario import apply_scenario, read_scenario
    from vallum.plan.scenario_file import named_scenarios
    from vallum.region import Region

    tables, lines = Region.read(region).require_sound(), []
    for name, file in named_scenarios(region).items():
        found = read_scenario(file)
        apply_scenario(tables, found)
        lines.append(
            ScenarioLine(
                scenario=name,
                name=found.name,
                description=found.description,
                source=found.source,
                confidence=found.confidence,
                changes=len(found.override),
                file=str(file),
            )
        )
    return ScenariosDocument(region=region, scenarios=lines)
