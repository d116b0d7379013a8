"""Checks of the warning tables: delays of every step, cases of the past, and shelter.

They are quiet where there are no sensors on offer, and where no delays are given: sensors can be sited
without asking what their warning is worth.
"""

from collections.abc import Iterator
from itertools import permutations

import polars as pl

from vallum.region.checks.keys import entries
from vallum.region.checks.rules import ROW, Tables
from vallum.region.checks.sky import sky_check
from vallum.region.findings import Finding
from vallum.region.schema.sky import ALERTING, STEPS

SEAM = "seam"


@sky_check("municipalities", "warning_delays", "warning_events", "shelter_reach")
def warning_has_municipalities(tables: Tables) -> Iterator[Finding]:
    """Whom a warning reaches, and when, is told by municipality."""
    used = [name for name in ("warning_delays", "warning_events", "shelter_reach") if tables[name].height]
    if used and tables["municipalities"].is_empty():
        yield Finding(
            tables.files["municipalities"],
            "municipalities for warning",
            f"There are no municipalities, which {', '.join(used)} speak of",
            "Restore the municipalities, or delete the rows of the warning tables.",
        )


@sky_check("states", "warning_delays")
def delays_are_known_for_every_member(tables: Tables) -> Iterator[Finding]:
    """Every step, as it is done today and jointly, has a duration for every member.

    The step seam has one for every pair of members, from the one that has decided to the one that is told.
    """
    delays = tables["warning_delays"].drop_nulls(["step", "alerting"])
    if delays.is_empty():
        return
    known = {
        (*row[:2], row[2], row[3]) for row in delays.select("step", "alerting", "state", "to_state").rows()
    }
    alone: list[tuple[str, str | None]] = [(member, None) for member in tables.members]
    pairs: list[tuple[str, str | None]] = list(permutations(tables.members, 2))
    for alerting in ALERTING:
        for step in STEPS:
            for state, told in pairs if step == SEAM else alone:
                answers = {(step, alerting, s, t) for s in (state, None) for t in (told, None)}
                if known.isdisjoint(answers):
                    whom = state if told is None else f"{state} to {told}"
                    yield Finding(
                        tables.files["warning_delays"],
                        "delays of every step",
                        f"The step {step} has no duration for {whom} ({alerting})",
                        "Add a row for the state, or one with an empty state for all.",
                        column="step",
                        value=step,
                    )


@sky_check("warning_delays")
def only_a_seam_has_two_states(tables: Tables) -> Iterator[Finding]:
    """A state that is told is named by the step seam alone, and is another than the one that tells."""
    told = tables["warning_delays"].drop_nulls("to_state")
    yield from tables.findings(
        "warning_delays",
        told.filter((pl.col("step") != SEAM) | (pl.col("to_state") == pl.col("state"))),
        "to_state",
        "states of a seam",
        "Only the step seam is between two different states",
        "Empty to_state, or correct the step or the state.",
    )


@sky_check("municipalities", "warning_events")
def events_name_known_municipalities(tables: Tables) -> Iterator[Finding]:
    """Every event names municipalities of its state; an alert names at least one."""
    events = tables["warning_events"].drop_nulls("state")
    named = entries(events.select(ROW, "state", "municipalities"), "municipalities")
    yield from tables.findings(
        "warning_events",
        named.join(
            tables["municipalities"],
            left_on=["state", "municipalities"],
            right_on=["state", "lau_id"],
            how="anti",
        ),
        "municipalities",
        "municipalities of an event",
        lambda row: f"{row['state']} has no municipality {row['municipalities']}",
        "Write the lau_id of municipalities of the state, with a semicolon between.",
    )
    yield from tables.findings(
        "warning_events",
        events.filter(pl.col("event") == "alert").join(named, on=ROW, how="anti"),
        "municipalities",
        "municipalities of an event",
        "The alert names no municipality",
        "Write the lau_id of those that were warned.",
    )


@sky_check("warning_events")
def cases_have_a_report_and_an_alert(tables: Tables) -> Iterator[Finding]:
    """Every case of the past has a report and an alert; one that came before is pointed out.

    A replay counts from the first report, so it cannot make such an alert earlier.
    """
    events = tables["warning_events"].drop_nulls(["case_id", "event", "minute"])
    first = pl.col("minute").filter(pl.col("event") == "report").min()
    cases = events.group_by("case_id", maintain_order=True).agg(
        pl.col(ROW).max(),
        first.alias("#report"),
        (pl.col("event") == "alert").sum().alias("#alerts"),
    )
    yield from tables.findings(
        "warning_events",
        cases.filter(pl.col("#report").is_null() | (pl.col("#alerts") == 0)),
        "case_id",
        "events of a case",
        lambda row: f"The case {row['case_id']} has no {'alert' if row['#report'] is not None else 'report'}",
        "Add the event, or delete the case.",
    )
    alerts = events.filter(pl.col("event") == "alert").join(cases.drop(ROW), on="case_id")
    yield from tables.findings(
        "warning_events",
        alerts.filter(pl.col("minute") < pl.col("#report")),
        "minute",
        "events of a case",
        lambda row: f"The alert stands before the first report, {row['#report']:g} minutes after midnight",
        "Correct the minute if it is wrong; after midnight they go on from 1440.",
        "warning",
    )


@sky_check("states", "municipalities", "warning_delays", "shelter_reach")
def shelter_is_known_for_every_member(tables: Tables) -> Iterator[Finding]:
    """Shelter is given for known municipalities, and for every member as a whole where delays are."""
    shelter = tables["shelter_reach"]
    yield from tables.findings(
        "shelter_reach",
        shelter.drop_nulls(["state", "lau_id"]).join(
            tables["municipalities"], on=["state", "lau_id"], how="anti"
        ),
        "lau_id",
        "municipalities of shelter",
        lambda row: f"{row['state']} has no municipality {row['lau_id']}",
        "Write the lau_id of a municipality of the state, or leave it empty for all others.",
    )
    whole = shelter.filter(pl.col("lau_id").is_null())["state"].to_list()
    for member in tables.members if tables["warning_delays"].height else ():
        if member not in whole:
            yield Finding(
                tables.files["shelter_reach"],
                "shelter of every member",
                f"{member} has no row for its municipalities as a whole",
                "Add a row with an empty lau_id.",
                column="state",
                value=member,
            )
