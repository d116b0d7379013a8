"""Schemas of the fiscal tables: the public purse of each member, its path, its rules and its shocks.

Together they are one vintage of a forecast: an analyst who replaces these files runs another.
"""

from vallum.region.schema.columns import (
    Provenance,
    calendar_year,
    choice,
    ends,
    identifier,
    number,
    share,
    text,
)
from vallum.region.schema.facts import PERCENT_OF_GDP
from vallum.region.schema.planning import MONEY_NOMINAL, PERCENT_A_YEAR

MONEY_CHAINED = "EUR million, chained prices of the source"
QUARTER = r"^[0-9]{4}Q[1-4]$"


class FiscalInputs(Provenance):
    """The last observed year and the years of the Commission's forecast, by state."""

    state = identifier("Member", key=True)
    year = calendar_year("Year; the first of a state is its base year", key=True)
    gdp_meur = number("Gross domestic product", MONEY_NOMINAL, low=None, above=0.0)
    real_gdp_meur = number("Real gross domestic product", MONEY_CHAINED, low=None, above=0.0)
    potential_gdp_meur = number("Potential output", MONEY_CHAINED, low=None, above=0.0)
    deflator_pct = number("Growth of the GDP deflator", PERCENT_A_YEAR, low=-50.0, high=100.0)
    debt_meur = number("General government debt", MONEY_NOMINAL)
    debt_pct_gdp = number("General government debt", PERCENT_OF_GDP, high=1000.0)
    primary_balance_pct_gdp = number("Primary balance (+ surplus)", PERCENT_OF_GDP, low=-100.0, high=100.0)
    structural_primary_balance_pct_gdp = number(
        "Structural primary balance (+ surplus)", PERCENT_OF_GDP, low=-100.0, high=100.0
    )
    balance_pct_gdp = number("Headline balance (+ surplus)", PERCENT_OF_GDP, low=-100.0, high=100.0)
    stock_flow_meur = number("Stock-flow adjustment of debt", MONEY_NOMINAL, low=None)
    implicit_rate_pct = number(
        "Interest over the debt of the year before", PERCENT_A_YEAR, low=-10.0, high=50.0
    )
    rate_short_pct = number("Market rate, three months", PERCENT_A_YEAR, low=-10.0, high=50.0, nullable=True)
    rate_long_pct = number("Market rate, ten years", PERCENT_A_YEAR, low=-10.0, high=50.0, nullable=True)


class FiscalLongrun(Provenance):
    """Output and cost of ageing after the forecast, by state."""

    state = identifier("Member", key=True)
    year = calendar_year("Year", key=True)
    real_gdp_meur = number("Real gross domestic product", MONEY_CHAINED, low=None, above=0.0, nullable=True)
    potential_gdp_meur = number("Potential output", MONEY_CHAINED, low=None, above=0.0, nullable=True)
    potential_growth_pct = number("Growth of potential output", PERCENT_A_YEAR, low=-50.0, high=50.0)
    ageing_cost_pct_gdp = number("Public cost of ageing", PERCENT_OF_GDP, high=100.0)
    property_income_pct_gdp = number(
        "Change of tax and property income since the base year", PERCENT_OF_GDP, low=-100.0, high=100.0
    )


class FiscalParameters(Provenance):
    """Structure of debt and sensitivity of the balance, by state."""

    state = identifier("Member", key=True)
    short_debt_share = share("Debt of at most a year, share of all debt")
    long_maturing_share = number(
        "Long debt that matures in the base year, share of long debt", "share", low=-1.0, high=1.0
    )
    long_maturing_average = number(
        "The same, average of the years observed; a value of nought or less is replaced by the setting "
        "maturing_share and the result flagged",
        "share",
        low=-1.0,
        high=1.0,
    )
    balance_elasticity = number(
        "Change of the balance for one per cent of output gap", "percentage points of GDP", high=2.0
    )
    primary_expenditure_pct_gdp = number(
        "Primary expenditure of the base year", PERCENT_OF_GDP, low=None, above=0.0, high=100.0
    )


class FiscalSettings(Provenance):
    """Numbers of the fiscal projection, for all members or (with a state) for one."""

    key = identifier("Name of the setting")
    state = identifier("Member it holds for; empty = all others", nullable=True)
    value = number("Value used", "see column unit", low=None)
    low, high = ends("value", "see column unit", low=None)
    unit = text("Unit of the value")
    meaning = text("What the setting does")


class MarketRates(Provenance):
    """Expected market rates and inflation at anchor years; between them the path is a straight line."""

    state = identifier("Member", key=True)
    year = calendar_year("Anchor year", key=True)
    rate_short_pct = number("Market rate, three months", PERCENT_A_YEAR, low=-10.0, high=50.0)
    rate_short_pct_low, rate_short_pct_high = ends("rate_short_pct", PERCENT_A_YEAR, low=-10.0, high=50.0)
    rate_long_pct = number("Market rate, ten years", PERCENT_A_YEAR, low=-10.0, high=50.0)
    rate_long_pct_low, rate_long_pct_high = ends("rate_long_pct", PERCENT_A_YEAR, low=-10.0, high=50.0)
    deflator_pct = number("Growth of the GDP deflator", PERCENT_A_YEAR, low=-50.0, high=50.0)


class ExpenditureCeilings(Provenance):
    """The Council's ceilings on the growth of net expenditure; a state without rows has a substitute."""

    state = identifier("Member", key=True)
    year = calendar_year("Year", key=True)
    growth_pct = number("Greatest growth of net expenditure", PERCENT_A_YEAR, low=-50.0, high=50.0)


class ShocksQuarterly(Provenance):
    """Quarterly first differences that the covariance of the stochastic projection is estimated from."""

    state = identifier("Member", key=True)
    quarter = text("Quarter, as 2000Q2", key=True)
    rate_short_pp = number(
        "Change of the market rate, three months", "percentage points", low=-50.0, high=50.0
    )
    rate_long_pp = number("Change of the market rate, ten years", "percentage points", low=-50.0, high=50.0)
    nominal_growth_pp = number("Change of nominal growth", "percentage points", low=-100.0, high=100.0)
    primary_balance_pp = number(
        "Change of the primary balance", "percentage points of GDP", low=-100.0, high=100.0
    )


class OutlayClasses(Provenance):
    """Which outlay is core defence and which is related, and the rule that decides."""

    outlay = identifier("Kind of outlay", key=True)
    budget_class = choice("Core defence (3.5 %) or defence-related (1.5 %)", "core", "related")
    accounting = choice(
        "Year in which the deficit is hit: of the payment, or of the delivery", "payment", "delivery"
    )
    rule = text("The rule that decides, with its place")


class SafeDraws(Provenance):
    """Draws of each SAFE loan and the deliveries that they pay for, as expected without a plan."""

    state = identifier("Borrower", key=True)
    year = calendar_year("Year", key=True)
    draw_meur = number("Drawn in the year, pre-financing included", MONEY_NOMINAL)
    delivered_meur = number("Deliveries of the year that the loan has paid for", MONEY_NOMINAL)


class FiscalReference(Provenance):
    """Official forecasts and rulings that results are shown beside."""

    reference_id = identifier("Short name of the row", key=True)
    state = identifier("Member or EU")
    variable = identifier("Variable")
    period = text("Year or years")
    value = text("Value as published", nullable=True)
    unit = text("Unit of the value", nullable=True)
