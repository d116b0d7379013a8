"""Checks of what is on offer: programmes, their sizes, windows, conditions and SAFE reading."""

from collections.abc import Iterator

import polars as pl

from vallum.region.checks.keys import entries
from vallum.region.checks.rules import ROW, Tables, check
from vallum.region.findings import Finding

WHOLE_STEPS = 1e-6
"""A quantity is a whole number of steps when it differs from one by less than this share of a step."""

ORIGIN = 0.65
"""Least share of component cost from the EU, EEA-EFTA or Ukraine: Regulation (EU) 2025/1106, Article 16."""


def _steps(column: str) -> pl.Expr:
    ratio = pl.col(column) / pl.col("step_quantity")
    return (ratio - ratio.round()).abs() > WHOLE_STEPS


@check("programmes")
def sizes_are_whole_steps(tables: Tables) -> Iterator[Finding]:
    """All least orders are whole multiples of the step, and alone is not less than together."""
    for column in ("min_quantity", "min_quantity_alone"):
        yield from tables.findings(
            "programmes",
            tables["programmes"].filter(_steps(column)),
            column,
            "whole steps",
            lambda row: f"It is not a whole multiple of the step {row['step_quantity']:g}",
            "Write a multiple of step_quantity, or change the step.",
        )
    yield from tables.findings(
        "programmes",
        tables["programmes"].filter(pl.col("min_quantity_alone") < pl.col("min_quantity")),
        "min_quantity_alone",
        "least orders",
        lambda row: f"A state alone could order less than in a coalition ({row['min_quantity']:g})",
        "Raise min_quantity_alone, or lower min_quantity.",
    )


@check("programmes", "programme_states")
def least_order_within_greatest(tables: Tables) -> Iterator[Finding]:
    """Each member's greatest order is at least the least order, and a whole multiple of the step."""
    joined = tables["programme_states"].join(
        tables["programmes"].select("programme_id", "min_quantity", "step_quantity"), on="programme_id"
    )
    yield from tables.findings(
        "programme_states",
        joined.filter(pl.col("max_quantity") < pl.col("min_quantity")),
        "max_quantity",
        "min <= max",
        lambda row: f"It is less than the least order of {row['programme_id']}, {row['min_quantity']:g}",
        "Raise it, lower min_quantity, or delete the row: no row means the state may not join.",
    )
    yield from tables.findings(
        "programme_states",
        joined.filter(_steps("max_quantity")),
        "max_quantity",
        "whole steps",
        lambda row: f"It is not a whole multiple of the step {row['step_quantity']:g}; the rest is lost",
        "Write a multiple of the programme's step_quantity.",
        "warning",
    )


@check("programmes", "programme_states")
def every_programme_has_a_state(tables: Tables) -> Iterator[Finding]:
    """Each programme may be joined by at least one member."""
    bad = tables["programmes"].join(
        tables["programme_states"].select("programme_id"), on="programme_id", how="anti"
    )
    yield from tables.findings(
        "programmes",
        bad,
        "programme_id",
        "joined by nobody",
        "No member may join this programme, so it can never be bought",
        f"Add rows to {tables.files['programme_states']}, or delete the programme.",
        "warning",
    )


@check("settings", "programmes")
def windows_run_forward_inside_the_horizon(tables: Tables) -> Iterator[Finding]:
    """Each first order year is not after the last, and some order year lies in the plan."""
    frame = tables["programmes"]
    backward = pl.col("start_earliest") > pl.col("start_latest")
    yield from tables.findings(
        "programmes",
        frame.filter(backward),
        "start_latest",
        "order window",
        lambda row: f"The last order year is before the first, {row['start_earliest']}",
        "Correct start_earliest or start_latest.",
    )
    if not tables.years:
        return
    first, last = tables.years[0], tables.years[-1]
    outside = (pl.col("start_latest") < first) | (pl.col("start_earliest") > last)
    yield from tables.findings(
        "programmes",
        frame.filter(outside & ~backward),
        "start_earliest",
        "order window",
        f"No order year lies between {first} and {last}, so it can never be bought",
        "Move the window into the plan, or delete the programme.",
        "warning",
    )
    # Signed in the middle of the year at the earliest; the last delivery must fall within the plan.
    signed = pl.max_horizontal(pl.col("start_earliest"), pl.lit(first)) + 0.5
    late = signed + (pl.col("lead_months") + pl.col("delivery_span_months")) / 12 > last + 1
    yield from tables.findings(
        "programmes",
        frame.filter(late & ~outside & ~backward),
        "lead_months",
        "order window",
        f"Even the first order would be delivered after {last}, so it can never be bought",
        "Correct the lead or the window, lengthen the plan, or delete the programme.",
        "warning",
    )


@check("programmes", "partner_orders")
def partners_order_within_the_window(tables: Tables) -> Iterator[Finding]:
    """Each partner's years run forward and meet the programme's window."""
    joined = tables["partner_orders"].join(
        tables["programmes"].select("programme_id", "start_earliest", "start_latest"), on="programme_id"
    )
    backward = pl.col("year_from") > pl.col("year_to")
    yield from tables.findings(
        "partner_orders",
        joined.filter(backward),
        "year_to",
        "partner's years",
        lambda row: f"The last year is before the first, {row['year_from']}",
        "Correct year_from or year_to.",
    )
    apart = (pl.col("year_to") < pl.col("start_earliest")) | (pl.col("year_from") > pl.col("start_latest"))
    yield from tables.findings(
        "partner_orders",
        joined.filter(apart & ~backward),
        "year_from",
        "partner's years",
        lambda row: f"They miss the order window {row['start_earliest']}-{row['start_latest']}",
        "Correct the years, or delete the row: the partner could never join.",
        "warning",
    )


@check("programmes")
def prerequisites_have_no_cycle(tables: Tables) -> Iterator[Finding]:
    """No programme has to be started before itself, directly or through others."""
    wants, rows = _graph(tables, "prerequisites")
    for cycle in _cycles(wants):
        yield Finding(
            tables.files["programmes"],
            "cycle of prerequisites",
            f"Each waits for the next: {' -> '.join(cycle[:12])}{' ...' if len(cycle) > 12 else ''}",
            "Remove one of these prerequisites.",
            rows[cycle[0]],
            "prerequisites",
            ";".join(wants[cycle[0]]),
        )


def _cycles(edges: dict[str, list[str]]) -> Iterator[list[str]]:
    """Walk every edge once, depth first, and give each cycle that closes; without recursion."""
    done: set[str] = set()
    for start in sorted(edges):
        path: dict[str, None] = {}  # a dictionary for its order and its quick look-up
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                path.pop(node)
                done.add(node)
            elif node in path:
                nodes = list(path)
                yield [*nodes[nodes.index(node) :], node]
            elif node not in done:
                path[node] = None
                stack.append((node, True))
                stack.extend((other, False) for other in reversed(edges.get(node, [])))


@check("programmes")
def exclusions_are_symmetric(tables: Tables) -> Iterator[Finding]:
    """When one programme excludes another, the other excludes the one; none excludes itself."""
    excludes, rows = _graph(tables, "exclusions")
    for one, others in excludes.items():
        for other in others:
            if other == one:
                message, remedy = "A programme cannot exclude itself", f"Remove {one} from its exclusions."
            elif other in rows and one not in excludes.get(other, []):
                message = f"{other} does not exclude {one} in turn"
                remedy = (
                    f"Add {one} to the exclusions of {other} (row {rows[other]}), or remove {other} here."
                )
            else:
                continue
            yield Finding(
                tables.files["programmes"],
                "exclusions symmetric",
                message,
                remedy,
                rows[one],
                "exclusions",
                other,
            )


@check("programmes", "programme_states")
def prerequisites_can_be_met(tables: Tables) -> Iterator[Finding]:
    """No prerequisite is excluded, and each member that may join the one may join the other."""
    wants, rows = _graph(tables, "prerequisites")
    excludes, _ = _graph(tables, "exclusions")
    joins: dict[str, set[str]] = {}
    for programme, state in (
        tables["programme_states"].select("programme_id", "state").drop_nulls().iter_rows()
    ):
        joins.setdefault(programme, set()).add(state)
    for one, others in wants.items():
        for other in others:
            if other in excludes.get(one, []):
                message, severity = f"It needs {other} and excludes it", "error"
                remedy = "Remove it from the prerequisites or from the exclusions."
            elif other in rows and (lost := joins.get(one, set()) - joins.get(other, set())):
                message, severity = f"{', '.join(sorted(lost))} may not join {other}", "warning"
                remedy = f"Let the state join {other} too; otherwise it can never buy {one}."
            else:
                continue
            yield Finding(
                tables.files["programmes"],
                "prerequisites can be met",
                message,
                remedy,
                rows[one],
                "prerequisites",
                other,
                severity,
            )


def _graph(tables: Tables, column: str) -> tuple[dict[str, list[str]], dict[str, int]]:
    frame = tables["programmes"].select(ROW, "programme_id", column).drop_nulls("programme_id")
    rows: dict[str, int] = dict(zip(frame["programme_id"], frame[ROW], strict=True))
    edges: dict[str, list[str]] = {}
    for _, one, other in entries(frame, column).iter_rows():
        edges.setdefault(one, []).append(other)
    return edges, rows


@check("programmes", "systems", "classes", "safe_rules")
def safe_reading_is_consistent(tables: Tables) -> Iterator[Finding]:
    """SAFE eligible = y needs 65 % origin, no foreign control, and for category 2 an EU or EEA maker.

    Regulation (EU) 2025/1106, Article 16. What cannot be shown yet is *conditional*; a partial proof is not
    a yes. The threshold is read from safe_rules where that table has it.
    """
    origin = _origin(tables)
    joined = (
        tables["programmes"]
        .filter(pl.col("safe_eligible") == "y")
        .join(tables["systems"].select("system_id", "origin_group"), on="system_id", how="left")
        .join(tables["classes"].select("class_id", "safe_category"), on="class_id", how="left")
    )
    remedy = "Write conditional (to be proved) or n, or correct the other column."
    yield from tables.findings(
        "programmes",
        joined.filter(pl.col("eu_origin_share").fill_null(0.0) < origin),
        "safe_eligible",
        "SAFE reading",
        lambda row: f"The origin share is {_known(row['eu_origin_share'])}; Article 16 asks for {origin:g}",
        remedy,
    )
    yield from tables.findings(
        "programmes",
        joined.filter(pl.col("foreign_control") != "n"),
        "safe_eligible",
        "SAFE reading",
        lambda row: f"Control from a third country is {row['foreign_control']}; Article 16 asks for none",
        remedy,
    )
    yield from tables.findings(
        "programmes",
        joined.filter((pl.col("safe_category") == 2) & (pl.col("origin_group") == "third")),
        "safe_eligible",
        "SAFE reading",
        "A product of category 2 needs its design authority in the EU or EEA; this maker is outside",
        remedy,
    )


def _known(value: object) -> str:
    return "not known" if value is None else f"{value:g}"


def _origin(tables: Tables) -> float:
    rules = tables["safe_rules"].filter(pl.col("rule") == "min_component_cost_EU_EEA_UA")
    stated = rules["value"].cast(pl.Float64, strict=False).drop_nulls()
    return float(stated[0]) / 100 if stated.len() else ORIGIN
