"""Schemas of the fact tables: what is publicly known, apart from what is planned with it."""

from vallum.region.schema.columns import (
    Provenance,
    calendar_year,
    choice,
    date,
    identifier,
    names,
    number,
    text,
    whole,
    yes_no,
)
from vallum.region.schema.planning import MONEY_NOMINAL, PERCENT_A_YEAR

PERCENT_OF_GDP = "% of GDP"


class Contracts(Provenance):
    """Purchases signed or announced."""

    contract_id = identifier("Short name of the purchase", key=True)
    buyer_iso2 = names("Buying states", nullable=False)
    system_id = identifier("System bought")
    quantity = number("Quantity", "system units", nullable=True)
    value_meur = number("Value of the contract", MONEY_NOMINAL, nullable=True)
    unit_cost_meur = number("Value of one unit", MONEY_NOMINAL, nullable=True)
    signed = date("Date of signature or announcement")
    first_delivery = date("First delivery, actual where known", nullable=True)
    last_delivery = date("Last delivery, actual where known", nullable=True)
    first_delivery_planned = date("First delivery as planned at signature", nullable=True)
    last_delivery_planned = date("Last delivery as planned at signature", nullable=True)
    first_delivery_actual = date("First delivery as it happened", nullable=True)
    last_delivery_actual = date("Last delivery as it happened", nullable=True)
    last_slip_months = number("Actual less planned last delivery", "months", low=-600.0, nullable=True)
    supplier = text("Supplier")
    joint = yes_no("Bought by several states together")
    vehicle = identifier("Vehicle of the purchase, such as bilateral, ESSI, EDIRPA or FMS")
    offset_local_assembly = text("Share of the work done in the buying states", nullable=True)
    status = choice("Contract, or announced only", "contract", "announced")


class Industry(Provenance):
    """Plants, placed at the centre of their municipality."""

    plant_id = identifier("Short name of the plant", key=True)
    owner = text("Owner")
    country = identifier("Country of the plant")
    municipality = text("Municipality of the plant", nullable=True)
    lat = number(
        "Latitude of the municipality's centre", "degrees north", low=-90.0, high=90.0, nullable=True
    )
    lon = number(
        "Longitude of the municipality's centre", "degrees east", low=-180.0, high=180.0, nullable=True
    )
    product = text("Product")
    invest_meur = number("Investment announced", MONEY_NOMINAL, nullable=True)
    start_year = calendar_year("Start of production", nullable=True)
    capacity_per_year = number("Capacity published", "see column unit, a year", nullable=True)
    unit = text("Unit of the capacity", nullable=True)
    jobs = whole("Jobs announced", "persons", nullable=True)
    status = text("State of the plant")
    system_id = names("Systems made there")


class Forces(Provenance):
    """Formations as publicly reported."""

    formation_id = identifier("Short name of the formation", key=True)
    nation = identifier("Nation that provides it")
    host = identifier("State that hosts it")
    name = text("Name of the formation")
    type = choice("National or allied", "national", "allied")
    echelon = identifier("Echelon")
    personnel = whole("People", "persons", nullable=True)
    personnel_low = whole("People, low end of the reported range", "persons", nullable=True)
    personnel_high = whole("People, high end of the reported range", "persons", nullable=True)
    established = date("Date it was established", nullable=True)
    ready = date("Date it is or was ready", nullable=True)
    status = text("State of the formation")
    equipment_systems = names("Systems it is reported to hold")


class DefenceBudgets(Provenance):
    """Defence budgets by series; one series is one way of counting."""

    iso2 = identifier("State", key=True)
    year = calendar_year("Year", key=True)
    series = choice(
        "Way of counting: nato (history), national_budget (plan), seed, derived, policy_range",
        "nato",
        "national_budget",
        "seed",
        "derived",
        "policy_range",
        key=True,
    )
    defence_meur = number("Defence budget", MONEY_NOMINAL, nullable=True)
    pct_gdp = number("Defence budget", PERCENT_OF_GDP, high=100.0, nullable=True)
    pct_gdp_low = number("Low end of a published range", PERCENT_OF_GDP, high=100.0, nullable=True)
    pct_gdp_high = number("High end of a published range", PERCENT_OF_GDP, high=100.0, nullable=True)
    equipment_share_pct = number("Equipment", "% of budget", high=100.0, nullable=True)
    personnel_share_pct = number("Personnel", "% of budget", high=100.0, nullable=True)
    infrastructure_share_pct = number("Infrastructure", "% of budget", high=100.0, nullable=True)
    other_share_pct = number("Other", "% of budget", high=100.0, nullable=True)
    status = choice("Actual, estimate or plan", "actual", "estimate", "plan")


class Macro(Provenance):
    """The economy of each state by year. A state's year may hold forecasts of several sources."""

    iso2 = identifier("State", key=True)
    year = calendar_year("Year", key=True)
    status = choice(
        "What the row is; only actual and forecast form one path",
        "actual",
        "forecast",
        "alt_forecast",
        "actual_2025Q3",
        key=True,
    )
    gdp_meur = number("Gross domestic product", MONEY_NOMINAL, nullable=True)
    real_growth_pct = number("Real growth", PERCENT_A_YEAR, low=-100.0, nullable=True)
    deflator_pct = number("Growth of the GDP deflator", PERCENT_A_YEAR, low=-100.0, nullable=True)
    debt_pct_gdp = number("General government debt", PERCENT_OF_GDP, nullable=True)
    primary_balance_pct_gdp = number("Primary balance", PERCENT_OF_GDP, low=-100.0, nullable=True)
    deficit_pct_gdp = number("Deficit (positive = deficit)", PERCENT_OF_GDP, low=-100.0, nullable=True)
    implicit_interest_rate_pct = number(
        "Net interest over the debt of the year before", PERCENT_A_YEAR, low=-100.0, nullable=True
    )
    ageing_cost_pp = number("Added cost of ageing", "percentage points of GDP", low=-100.0, nullable=True)
    source = text("Public source of the number", key=True)


class Parameters(Provenance):
    """Parameters found in studies and observed in contracts."""

    parameter = identifier("Name of the parameter", key=True)
    class_ = text("Kind of product or case it holds for", key=True, name="class")
    value = text("Value; a number or an expression", nullable=True)
    low = number("Low end of the range of value", "see column unit", low=None, nullable=True)
    high = number("High end of the range of value", "see column unit", low=None, nullable=True)
    unit = text("Unit of the value")


class SafeRules(Provenance):
    """Rules of SAFE and of the fiscal escape clause, with the article."""

    rule = identifier("Name of the rule", key=True)
    value = text("Value: a number, a date, a word")
    unit = text("Unit of the value")
    article = text("Article of the regulation or declaration", nullable=True)


class SafeAllocations(Provenance):
    """SAFE loans of all borrowing states."""

    member_state = identifier("Borrower", key=True)
    allocation_meur = number("Tentative allocation", MONEY_NOMINAL)
    seed_claim_meur = number("Figure of the essays the project started from", MONEY_NOMINAL, nullable=True)
    adopted_loan_meur = number("Loan adopted by the Council", MONEY_NOMINAL, nullable=True)
    prefinancing_meur = number("Pre-financing", MONEY_NOMINAL, nullable=True)
    council_wave = whole("Wave of Council decisions", "1, 2, ...", nullable=True)


class SeedCrosscheck(Provenance):
    """Every number of the essays the project started from, beside the official one."""

    check_id = identifier("Short name of the comparison", key=True)
    item = text("What is compared")
    seed_value = text("Value in the essay")
    unit = text("Unit of both values")
    official_value = text("Value in an official source", nullable=True)
    official_detail = text("What the official source adds", nullable=True)
    where_in_data = text("Table and key that hold the official value")
    verdict = text("What the comparison shows")


class Sources(Provenance):
    """Register of sources."""

    source_key = identifier("Short name of the source", key=True)
    opened = choice(
        "Text read, read in part, recalled without opening, or derived", "y", "part", "n", "derived"
    )
    rows = whole("Rows that rest on it", "rows", nullable=True)
    files = names("Files that use it")


class Municipalities(Provenance):
    """Centres of municipalities, weighted by population: the only places a region may show."""

    state = identifier("State", key=True)
    lau_id = identifier("Number of the local administrative unit", key=True)
    municipality = text("Name of the municipality")
    nuts3 = identifier("NUTS 3 region")
    lat = number("Latitude of the centre", "degrees north", low=-90.0, high=90.0)
    lon = number("Longitude of the centre", "degrees east", low=-180.0, high=180.0)
    population = whole("Inhabitants", "persons", nullable=True)
    area_km2 = number("Area", "km2", nullable=True)
    population_year = calendar_year("Year of the population", nullable=True)
    population_2025_approx = whole("Inhabitants about 2025, where known", "persons", nullable=True)
    n_lau_merged = whole("Former units merged into it", "units", low=1, nullable=True)


class BorderLengths(Provenance):
    """Lengths of the outer border, official and measured from open maps."""

    state = identifier("State", key=True)
    neighbour = identifier("Neighbour", key=True)
    official_km = number("Length in official figures", "km")
    n_segments = whole("Segments in the border file", "segments", nullable=True)
    length_km_this_file = number("Length measured in the border file", "km", nullable=True)
    maritime_part_km = number("Part at sea", "km", nullable=True)
    diff_pct = number("Measured less official", "%", low=-100.0, nullable=True)
    land_or_narrow_river_km = number("Part on land or a narrow river", "km", nullable=True)
    wide_water_km = number("Part on a lake or wide river", "km", nullable=True)
    natural_earth_10m_km = number("Length in Natural Earth 1:10m", "km", nullable=True)
    natural_earth_50m_km = number("Length in Natural Earth 1:50m", "km", nullable=True)
    geo_maps_10m_land_only_km = number("Length on land in the geo-maps set", "km", nullable=True)
