"""SAFE eligibility as a rule set (Council Regulation (EU) 2025/1106).

What depends on the programme alone is judged here; the number of participants depends on the block and
is judged when blocks are priced. Section 9 of docs/explanation/procurement.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["MIN_ORIGIN_SHARE", "Verdict", "verdicts"]

#: Article 16: least share of component cost from the EU, EEA-EFTA states or Ukraine.
MIN_ORIGIN_SHARE = 0.65


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a programme can be paid from a SAFE loan, and the rule that decides.

    Attributes
    ----------
    eligible : bool
        Counts as eligible in the plan (participants still to be tested).
    status : str
        eligible, to be proved, or not eligible.
    reason : str
        The deciding rule with its article.
    """

    eligible: bool
    status: str
    reason: str


def verdicts(
    programmes: Sequence[Mapping[str, Any]],
    classes: Mapping[str, Mapping[str, Any]],
    settings: Mapping[str, float],
) -> tuple[Verdict, ...]:
    """Judge each programme row; `settings["safe_count_conditional"]` = 1 counts what is to be proved."""
    optimistic = settings["safe_count_conditional"] >= 1
    return tuple(_judge(row, classes[row["class_id"]], optimistic=optimistic) for row in programmes)


def _judge(row: Mapping[str, Any], klass: Mapping[str, Any], *, optimistic: bool) -> Verdict:
    share, control = row["eu_origin_share"], row["foreign_control"]
    if row["safe_eligible"] == "n":
        return Verdict(False, "not eligible", row["safe_rule"])
    if control == "y":
        return Verdict(False, "not eligible", "Art. 16: contractor under third-country control")
    if share is not None and share < MIN_ORIGIN_SHARE and row["safe_eligible"] == "y":
        return Verdict(
            False,
            "not eligible",
            f"Art. 16: {share:.0%} of component cost from the EU, EEA or Ukraine, 65% needed",
        )
    if row["safe_eligible"] == "conditional":
        return Verdict(optimistic, "to be proved", row["safe_rule"])
    if share is None or control != "n":
        return Verdict(optimistic, "to be proved", "Art. 16: component origin or control to be proved")
    detail = (
        "Art. 16: design authority in the EU or EEA"
        if int(klass["safe_category"]) == 2
        else "Art. 16: 65% of component cost"
    )
    return Verdict(True, "eligible", f"category {klass['safe_category']}; {detail}")
