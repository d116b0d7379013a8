"""The tables of a fiscal outlook, column by column, as `vallum.plan.tables` has those of a plan."""

from types import MappingProxyType
from typing import Final

from vallum.model.finance.fan import LEVELS
from vallum.plan.tables import STATE, YEAR, Column, PlanTable, word

__all__ = ["FISCAL_TABLES", "LEVEL_NAMES", "SOURCES"]

SOURCES: Final = ("budget", "national", "joint")
"""Where outlays come from: the budget as planned, or a plan of purchases of that mode."""

LEVEL_NAMES: Final = tuple(f"p{round(100 * level):02d}" for level in LEVELS)
"""Names of the quantiles of a fan."""

GDP = "% of GDP"
NOMINAL = "EUR million, nominal"
CONSTANT = "EUR million, constant prices of the base year"
RATE = "% a year"
SOURCE = Column("source", "text", "", "Outlays of the budget, or of the national or joint plan of purchases.")
POLICY = Column("policy", "text", "", "Policy, as in the table policies.")


def pct(name: str, meaning: str, *, nullable: bool = False) -> Column:
    """Return a column in % of GDP."""
    return Column(name, "number", GDP, meaning, nullable)


def meur(name: str, meaning: str, unit: str = NOMINAL, *, nullable: bool = False) -> Column:
    """Return a column of money."""
    return Column(name, "number", unit, meaning, nullable)


def rate(name: str, meaning: str, *, nullable: bool = False) -> Column:
    """Return a column in % a year."""
    return Column(name, "number", RATE, meaning, nullable)


def ranged(name: str, unit: str, meaning: str) -> tuple[Column, Column, Column]:
    """Return a column with its low and high end."""
    return (
        Column(name, "number", unit, meaning),
        Column(f"{name}_low", "number", unit, f"Low end of {name}."),
        Column(f"{name}_high", "number", unit, f"High end of {name}."),
    )


_LIST = (
    PlanTable(
        "policies",
        "One policy.",
        ("policy",),
        (
            POLICY,
            word("title", "What it is in words."),
            word("defence", "Which path of defence it has."),
        ),
    ),
    PlanTable(
        "projection",
        "One year of one state under a policy (equations 1 to 9).",
        ("source", "policy", "state", "year"),
        (
            SOURCE,
            POLICY,
            STATE,
            YEAR,
            pct("debt", "General government debt."),
            pct("balance", "Headline balance (+ surplus).", nullable=True),
            pct("primary", "Primary balance."),
            pct("structural", "Structural primary balance."),
            pct("interest", "Interest.", nullable=True),
            meur("interest_meur", "Interest.", nullable=True),
            pct("financing", "Gross financing need.", nullable=True),
            pct("stock_flow", "Stock-flow adjustment, with what is paid before delivery.", nullable=True),
            pct("defence", "Core defence outlay that hits the deficit."),
            Column("gap", "number", "% of potential output", "Output gap."),
            rate("real_growth", "Real growth.", nullable=True),
            rate("nominal_growth", "Nominal growth.", nullable=True),
            rate("implicit_rate", "Interest over the debt of the year before.", nullable=True),
            meur("gdp_meur", "Gross domestic product."),
            meur("loan_meur", "SAFE loan outstanding at the end of the year."),
        ),
    ),
    PlanTable(
        "fan",
        "Quantiles of debt under a policy (equation 13).",
        ("source", "policy", "state", "year"),
        (
            SOURCE,
            POLICY,
            STATE,
            YEAR,
            *(pct(name, f"Debt; {name[1:]} of 100 paths are below.") for name in LEVEL_NAMES),
            Column("above_reference", "number", "share (0-1)", "Paths with debt above the reference value."),
        ),
    ),
    PlanTable(
        "regimes",
        "Net expenditure of one year against its ceiling (equations 10 and 11).",
        ("source", "policy", "state", "year"),
        (
            SOURCE,
            POLICY,
            STATE,
            YEAR,
            rate("observed", "Growth of net expenditure."),
            rate("ceiling", "Greatest growth: published, or its substitute."),
            Column("published", "flag", "", "Whether the ceiling is the Council's."),
            pct("excess", "Excess of the year over the ceiling."),
            pct("control", "Excess in sum: the control account."),
            pct("room", "What the escape clause allows (x)."),
            pct("left", "Room left under the limit of the control account, with the clause."),
            word("regime", "inside ceiling, inside clause or outside."),
        ),
    ),
    PlanTable(
        "cliff",
        "What must be funded or cut when the escape clause ends.",
        ("source", "policy", "state"),
        (
            SOURCE,
            POLICY,
            STATE,
            YEAR,
            pct("cliff", "What the clause allowed in its last year (x).", nullable=True),
            meur("cliff_meur", "The same in money of the year after.", nullable=True),
        ),
    ),
    PlanTable(
        "hague",
        "The Hague commitment in one year.",
        ("source", "policy", "state", "year"),
        (
            SOURCE,
            POLICY,
            STATE,
            YEAR,
            pct("core", "Core defence, as paid."),
            pct("related", "Defence-related outlays, all."),
            pct("counted", "Defence-related outlays that count."),
            pct("total", "Core and what counts of related."),
            pct("required", "Straight line to the target; indicative."),
            Column("core_met", "flag", "", "Whether core defence is at its target."),
            Column("met", "flag", "", "Whether both parts are at their targets."),
        ),
    ),
    PlanTable(
        "outlays",
        "Where one class of outlays stands and when the deficit is hit.",
        ("outlay",),
        (
            word("outlay", "Kind of outlay."),
            word("budget_class", "core or related."),
            word("accounting", "delivery or payment."),
            word("rule", "The rule that decides."),
        ),
    ),
    PlanTable(
        "loan",
        "The SAFE loan in one year (equation 12).",
        ("source", "state", "year"),
        (
            SOURCE,
            STATE,
            YEAR,
            meur("draw_meur", "Drawn."),
            meur("interest_meur", "Interest paid."),
            meur("principal_meur", "Repaid."),
            meur("balance_meur", "Outstanding at the end of the year."),
            meur("gain_meur", "Interest saved against own ten-year bonds."),
            meur("relief_meur", "Gross financing need saved against own ten-year bonds."),
        ),
    ),
    PlanTable(
        "loan_sum",
        "The SAFE loan of one state as a whole.",
        ("source", "state"),
        (
            SOURCE,
            STATE,
            meur("allocation_meur", "Tentative allocation."),
            meur("adopted_meur", "Loan adopted."),
            meur("prefinancing_meur", "Pre-financing, part of the loan."),
            meur("drawn_meur", "Drawn in all."),
            rate("rate", "Rate of the loan."),
            rate("national_rate", "Rate of own ten-year bonds today."),
            meur("gain_mean_meur", "Interest saved a year, mean over the life of the loan."),
            pct("gain_mean", "The same in % of the GDP of its year, mean to the last year projected."),
            meur("present_meur", "Present value of what is saved."),
            meur("present_p10_meur", "10 of 100 paths of national rates are below."),
            meur("present_p90_meur", "90 of 100 paths of national rates are below."),
            meur("present_dear_meur", "With both rates at the worse end of their range."),
            meur("present_cheap_meur", "With both rates at the better end."),
            meur("vat_meur", "VAT spared to the defence budget; no gain to the state as a whole."),
        ),
    ),
    PlanTable(
        "criteria",
        "Least structural primary balance at the end of the adjustment that meets one criterion.",
        ("state", "plan_years", "criterion"),
        (
            STATE,
            Column("plan_years", "whole", "years", "Length of the adjustment."),
            word("criterion", "Criterion of Regulation (EU) 2024/1263."),
            pct(
                "spb", "Least structural primary balance; empty where none is asked or found.", nullable=True
            ),
            word("note", "Why it is empty, or how it is to be read."),
            Column("binding", "flag", "", "Whether it decides."),
        ),
    ),
    PlanTable(
        "indicators",
        "Sustainability gaps (equation 14).",
        ("policy", "state"),
        (
            POLICY,
            STATE,
            pct(
                "s1",
                "S1: lasting change of the balance that brings debt to 60 % in 2070; empty where all debt is "
                "paid off on the way.",
                nullable=True,
            ),
            pct(
                "s2",
                "S2: lasting change that stabilises debt for good; empty where growth exceeds rates.",
                nullable=True,
            ),
        ),
    ),
    PlanTable(
        "breaches",
        "First year in which a rule is broken, by what ends.",
        ("source", "combination", "state", "rule"),
        (
            SOURCE,
            word("combination", "What ends: safe, cohesion, rates, output, joined by +; none."),
            STATE,
            word("rule", "The rule."),
            Column("year", "whole", "year", "First year of the breach; empty for none.", True),
            Column("amount", "number", "of the rule", "By how much, in that year.", True),
            Column("first", "flag", "", "Whether no other rule is broken earlier."),
        ),
    ),
    PlanTable(
        "crowding",
        "What other spending must give way in one year.",
        ("source", "policy", "state", "year"),
        (
            SOURCE,
            POLICY,
            STATE,
            YEAR,
            pct("to_reference", "Cut that brings the deficit to the reference value."),
            pct("to_reference_feedback", "The same when the cut lowers output."),
            pct(
                "to_baseline",
                "Cut to the balance of no policy change, with ageing where the policy has it.",
            ),
            meur("to_reference_meur", "Cut to the reference value."),
            Column("of_spending", "number", "% of primary expenditure", "Cut to the reference value."),
        ),
    ),
    PlanTable(
        "returns",
        "What a plan's money does at home in one year.",
        ("source", "state", "year"),
        (
            SOURCE,
            STATE,
            YEAR,
            meur("home_meur", "Deliveries from lines at home, of all members' orders.", CONSTANT),
            meur("abroad_meur", "Own deliveries from lines abroad.", CONSTANT),
            meur("sustainment_meur", "Sustainment of what was bought.", CONSTANT),
            *ranged("value_added_meur", CONSTANT, "Domestic value added."),
            *ranged("gdp_meur", CONSTANT, "Gross domestic product with what it sets off."),
            *ranged("jobs", "persons", "Jobs held by the value added."),
            *ranged("taxes_meur", CONSTANT, "Taxes that come back."),
        ),
    ),
    PlanTable(
        "plants",
        "Plants at home, as announced.",
        ("state", "plant_id"),
        (
            STATE,
            word("plant_id", "Plant."),
            word("product", "Product.", nullable=True),
            Column("start_year", "whole", "year", "Start of production.", True),
            meur("invest_meur", "Investment announced.", nullable=True),
            Column("jobs", "whole", "persons", "Jobs announced.", True),
            word("status", "State of the plant.", nullable=True),
        ),
    ),
    PlanTable(
        "marginal",
        "What one more 0.1 % of GDP of equipment a year does.",
        ("source", "state"),
        (
            SOURCE,
            STATE,
            Column("first_year", "whole", "year", "First year of the added money."),
            Column("last_year", "whole", "year", "Last year of the added money."),
            meur("added_meur", "Added in all."),
            Column("debt_year", "whole", "year", "Year of the debt."),
            pct("debt", "Added debt in that year."),
            meur("debt_meur", "The same in money."),
            Column(
                "gap_years",
                "number",
                "gap-years",
                "Shortfall removed at the plan's prices of money; holds for a small change only.",
                True,
            ),
        ),
    ),
    PlanTable(
        "fragmentation",
        "Alone against together for one state and measure.",
        ("state", "measure", "year", "unit"),
        (
            STATE,
            word("measure", "What is compared."),
            Column("year", "whole", "year", "Year; empty for the whole plan.", True),
            word("unit", "Its unit."),
            Column("national", "number", "of the measure", "Alone."),
            Column("joint", "number", "of the measure", "Together with the same money."),
            Column("equal", "number", "of the measure", "Together at equal capability.", True),
            Column("equal_low", "number", "of the measure", "Low end of equal.", True),
            Column("equal_high", "number", "of the measure", "High end of equal.", True),
        ),
    ),
    PlanTable(
        "sensitivity",
        "Debt of the last year with one input at the ends of its range; the budget's outlays.",
        ("policy", "state", "input"),
        (
            POLICY,
            STATE,
            word("input", "Uncertain input: a setting, market rates, the defence budget or the SAFE rate."),
            YEAR,
            pct("debt", "Debt with every input at its value."),
            pct("debt_at_low", "Debt with the input at its low end."),
            pct("debt_at_high", "Debt with the input at its high end."),
        ),
    ),
    PlanTable(
        "samples",
        "Quantiles of debt with defence as planned, by the sample of the shocks.",
        ("state", "year", "start", "sampling"),
        (
            STATE,
            YEAR,
            word("start", "First quarter of the sample; all for the whole."),
            word("sampling", "normal or blocks."),
            *(pct(name, f"Debt; {name[1:]} of 100 paths are below.") for name in LEVEL_NAMES),
        ),
    ),
    PlanTable(
        "reference",
        "One official figure beside ours.",
        ("reference_id",),
        (
            word("reference_id", "Row of the region's table fiscal_reference."),
            STATE,
            word("variable", "Variable."),
            Column("year", "whole", "year", "Year."),
            Column("official", "number", "of the variable", "As published."),
            word("origin", "Where it was published."),
            Column("no_policy_change", "number", "of the variable", "Ours without policy.", True),
            Column("plan", "number", "of the variable", "Ours with defence as planned.", True),
            word("reading", "Why they differ."),
        ),
    ),
    PlanTable(
        "substitutes",
        "One input that is missing or invalid, and what stands in for it.",
        ("state", "input"),
        (
            STATE,
            word("input", "Input."),
            word("used", "What is used."),
            word("reason", "Why, and what would replace it."),
        ),
    ),
    PlanTable(
        "rules",
        "One rule with its place in the law.",
        ("rule",),
        (
            word("rule", "Rule."),
            word("value", "Value."),
            word("unit", "Unit.", nullable=True),
            word("article", "Where it stands.", nullable=True),
            word("confidence", "Trust in the row."),
        ),
    ),
    PlanTable(
        "deferrals",
        "One programme of the plan, planned again with its purse and with the tighter one.",
        ("state", "programme_id"),
        (
            STATE,
            word("programme_id", "Programme."),
            Column("quantity", "number", "class units", "Ordered with the purse of the plan."),
            Column("quantity_tight", "number", "class units", "Ordered with the tighter purse."),
            Column("year", "number", "year", "Mean order year with the purse of the plan.", True),
            Column("year_tight", "number", "year", "Mean order year with the tighter purse.", True),
            meur("value_meur", "Value of the orders with the purse of the plan.", CONSTANT),
            word("verdict", "kept, deferred, reduced, dropped, brought forward or added."),
        ),
    ),
    PlanTable(
        "tighter",
        "The purse of one state in one year, before and after.",
        ("state", "year"),
        (
            STATE,
            YEAR,
            meur("plannable_meur", "Purse of the plan.", CONSTANT),
            meur("lost_meur", "What the end of solidarity costs the state in the year.", CONSTANT),
            meur("tight_meur", "Purse of the re-plan.", CONSTANT),
        ),
    ),
)

FISCAL_TABLES: Final = MappingProxyType({table.name: table for table in _LIST})
"""All tables of a fiscal outlook by name."""
