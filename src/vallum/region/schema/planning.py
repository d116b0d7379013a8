"""Schemas of the planning tables: what is needed, at hand, on offer, and what holds the plan back."""

from vallum.region.schema.columns import (
    Provenance,
    calendar_year,
    choice,
    date,
    ends,
    identifier,
    names,
    number,
    share,
    text,
    whole,
    year_ends,
    yes_no,
)

SHARE = "share (0-1)"
MONEY_NOW = "EUR million, constant prices of the base year"
MONEY_NOMINAL = "EUR million, nominal"
MONEY_PRICE_YEAR = "EUR million, prices of price_year"
PERCENT_A_YEAR = "% a year"


class Settings(Provenance):
    """Numbers that hold for the whole region."""

    key = identifier("Name of the setting", key=True)
    value = number("Value used", "see column unit", low=None)
    low, high = ends("value", "see column unit", low=None)
    unit = text("Unit of the value")
    meaning = text("What the setting does")


class Bands(Provenance):
    """Order sizes at which the unit price of a pooled order is fixed."""

    multiple = number(
        "Lower edge of a price band", "multiple of base_quantity", low=None, above=0.0, key=True
    )


class States(Provenance):
    """Members that plan together, and partners that may join an order."""

    state = identifier("Short name of the state", key=True)
    name = text("Name of the state")
    role = choice("Member (plans with the others) or partner (may join an order)", "member", "partner")
    population = whole("Inhabitants", "persons")
    gdp_meur = number("Gross domestic product of the base year", MONEY_NOW, low=None, above=0.0)
    eu_member = yes_no("Member of the European Union")
    nato_member = yes_no("Member of NATO")
    safe_borrower = yes_no("Takes a SAFE loan")
    safe_participant = yes_no("Counts as a participant of a common procurement under SAFE")


class Classes(Provenance):
    """Capability classes in which needs and stocks are counted."""

    class_id = identifier("Short name of the class", key=True)
    name = text("Name of the class")
    unit = text("Unit in which the class is counted")
    capability_area = identifier("Capability area the class belongs to")
    safe_category = whole("Category of SAFE, Article 1", "1 or 2", low=1, high=2)
    weight = number("Importance of the class in the shortfall (1 = middle)", "1")
    weight_low, weight_high = ends("weight", "1")
    needs_gateway = yes_no("New units count only when they reach the shared picture")
    ramp_start = calendar_year("Year from which the stock of the class is built up")
    ramp_end = calendar_year("Year in which the full need is asked for")
    ramp_first_share = share("Share of the need asked for in ramp_start")


class Gateways(Provenance):
    """Nodes of the shared picture that a unit of a class occupies."""

    class_id = identifier("Class", key=True)
    nodes_per_unit = number("Nodes that one class unit occupies", "nodes per class unit")


class Systems(Provenance):
    """Systems in service or on offer, and how they count towards a class."""

    system_id = identifier("Short name of the system", key=True)
    name = text("Name of the system")
    class_id = identifier("Class the system counts in; empty = outside the classes", nullable=True)
    class_units_per_system_unit = number(
        "Class units that one unit of the system is", "class units per system unit", nullable=True
    )
    class_units_per_system_unit_low, class_units_per_system_unit_high = ends(
        "class_units_per_system_unit", "class units per system unit"
    )
    capability_area = identifier("Capability area the system belongs to")
    producer = text("Maker or makers")
    producer_country = text("Country or countries of the maker")
    unit = text("Unit in which the system is counted")
    unit_cost_meur = number(
        "Package price of one unit, at the date of the source", MONEY_NOMINAL, nullable=True
    )
    unit_cost_meur_low, unit_cost_meur_high = ends("unit_cost_meur", MONEY_NOMINAL)
    lead_time_months = number("Signature to first delivery", "months", nullable=True)
    safe_category = whole("Category of SAFE, Article 1", "1 or 2", low=1, high=2)
    origin_group = choice("Reading of the maker's country", "EU", "EEA", "third")
    connects = choice("Speaks an open standard of the shared picture by itself", "y", "n", "unknown")
    nodes_provided = number(
        "Nodes of the shared picture that one class unit provides", "nodes per class unit"
    )


class Formations(Provenance):
    """Formations that the needs are counted from."""

    formation_id = identifier("Short name of the formation", key=True)
    formation_type = identifier("Establishment that applies", nullable=True)
    state = identifier("State whose need it is")
    counted = yes_no("Counts towards the need (double entries are switched off)")
    ready_year = calendar_year("Year in which it is ready", nullable=True)
    ready_year_low, ready_year_high = year_ends("ready_year")


class Establishments(Provenance):
    """What a formation of a type should hold."""

    formation_type = identifier("Type of formation", key=True)
    class_id = identifier("Class", key=True)
    quantity = number("Quantity the type should hold", "class units")
    low, high = ends("quantity", "class units")


class ExtraNeeds(Provenance):
    """Needs that no listed formation carries, growing linearly to full_year."""

    state = identifier("State", key=True)
    class_id = identifier("Class", key=True)
    start_year = calendar_year("First year of the need", key=True)
    full_year = calendar_year("Year from which the full quantity is needed")
    quantity = number("Full quantity", "class units")
    low, high = ends("quantity", "class units")


class Needs(Provenance):
    """What each state needs of each class in each year."""

    state = identifier("State", key=True)
    class_id = identifier("Class", key=True)
    year = calendar_year("Year; compared with what is delivered by 31 December", key=True)
    quantity = number("Quantity needed", "class units")
    low, high = ends("quantity", "class units")


class Stocks(Provenance):
    """What is in service, and what signed contracts will deliver."""

    state = identifier("State that owns it")
    system_id = identifier("System")
    kind = choice("In service at the start of the year, or a delivery of that year", "in_service", "delivery")
    year = calendar_year("Year from which it counts")
    quantity = number("Quantity", "system units")
    retire_from = calendar_year("First year of the linear retirement")
    retire_to = calendar_year("Year by whose end all is retired")
    contract_id = identifier("Contract it comes from, where known", nullable=True)
    low, high = ends("quantity", "system units")


class Programmes(Provenance):
    """Packages on offer: system, scope, sizes, prices and windows. Quantities are class units."""

    programme_id = identifier("Short name of the programme", key=True)
    name = text("Name of the programme")
    class_id = identifier("Class that the package adds to")
    system_id = identifier("System that is bought")
    base_quantity = number("Quantity that base_price_meur buys", "class units", low=None, above=0.0)
    unit = text("Unit of the class in words")
    min_quantity = number("Least order of a state within a coalition", "class units", low=None, above=0.0)
    min_quantity_alone = number("Least order of a state alone", "class units", low=None, above=0.0)
    step_quantity = number("Orders grow by this step", "class units", low=None, above=0.0)
    base_price_meur = number("Price of base_quantity", MONEY_PRICE_YEAR, low=None, above=0.0)
    base_price_meur_low, base_price_meur_high = ends("base_price_meur", MONEY_PRICE_YEAR)
    price_year = calendar_year("Year whose prices base_price_meur is in")
    cost_growth_pct = number("Expected growth of the price between estimate and contract", "%", low=-100.0)
    cost_growth_pct_low, cost_growth_pct_high = ends("cost_growth_pct", "%", low=-100.0)
    real_price_growth_pct = number(
        "Growth of the price above inflation", PERCENT_A_YEAR, low=-50.0, high=50.0
    )
    real_price_growth_pct_low, real_price_growth_pct_high = ends(
        "real_price_growth_pct", PERCENT_A_YEAR, low=-50.0, high=50.0
    )
    learning_slope_pct = number(
        "Unit price left when the order doubles", "% of the price per doubling", low=50.0, high=100.0
    )
    learning_slope_pct_low, learning_slope_pct_high = ends(
        "learning_slope_pct", "% of the price per doubling", low=50.0, high=100.0
    )
    learning_parameter = text("Parameter the slope was taken from", nullable=True)
    introduction_share = number(
        "Cost of a new type for one state, share of the base package", SHARE, high=1.0
    )
    introduction_share_low, introduction_share_high = ends("introduction_share", SHARE, high=1.0)
    introduction_shared_part = share("Part of the introduction cost that a coalition pays once")
    sustainment_share = number("Yearly cost after delivery, share of the delivered value", SHARE, high=1.0)
    sustainment_share_low, sustainment_share_high = ends("sustainment_share", SHARE, high=1.0)
    lead_months = number("Signature to first delivery", "months", high=240.0)
    lead_months_low, lead_months_high = ends("lead_months", "months", high=240.0)
    delivery_span_months = number("First to last delivery", "months", high=240.0)
    delivery_span_months_low, delivery_span_months_high = ends("delivery_span_months", "months", high=240.0)
    start_earliest = calendar_year("First year in which it can be ordered")
    start_latest = calendar_year("Last year in which it can be ordered")
    line_id = identifier("Production line that delivers it")
    line_units_per_unit = number("Line units that one class unit takes", "line units per class unit")
    eu_origin_share = share(
        "Share of component cost from the EU, EEA or Ukraine; empty for works", nullable=True
    )
    eu_origin_share_low, eu_origin_share_high = ends("eu_origin_share", SHARE, high=1.0)
    foreign_control = text("Control of the maker from a third country: n, y, or the reason to check")
    safe_eligible = choice("Reading of the SAFE rules, not a ruling", "y", "n", "conditional")
    safe_rule = text("The rule that the reading rests on")
    related_money = yes_no("May be paid from defence-related money")
    crew_family = identifier("Crew family that mans it; NONE needs no crew")
    prerequisites = names("Programmes that must be started first")
    exclusions = names("Programmes that cannot be joined besides this one, written on both sides")


class ProgrammeStates(Provenance):
    """Which member may join which programme. No row: it may not."""

    programme_id = identifier("Programme", key=True)
    state = identifier("Member", key=True)
    max_quantity = number("Greatest order", "class units", low=None, above=0.0)
    operates = yes_no("The state operates the type already, so it has no cost of introduction")


class PartnerOrders(Provenance):
    """Quantities that partners outside the region would add to a common order."""

    programme_id = identifier("Programme", key=True)
    partner = identifier("State with the role of partner", key=True)
    quantity = number("Quantity the partner orders", "class units", low=None, above=0.0)
    quantity_low, quantity_high = ends("quantity", "class units")
    year_from = calendar_year("First order year that suits the partner")
    year_to = calendar_year("Last order year that suits the partner")


class Lines(Provenance):
    """Production lines that programmes share."""

    line_id = identifier("Short name of the line", key=True)
    plant_id = identifier("Plant in the industry table, where there is one", nullable=True)
    owner = text("Owner of the line")
    country = text("Country or countries of the line")
    systems = names("Systems made on the line")
    unit = text("Unit in which the line is counted")
    expansion_step = number("Yearly capacity that one expansion adds", "line units a year")
    expansion_cost_meur = number("Price of one expansion", MONEY_NOW)
    expansion_cost_meur_low, expansion_cost_meur_high = ends("expansion_cost_meur", MONEY_NOW)
    expansion_delay_months = number("Decision to added capacity", "months", high=240.0)
    expansion_delay_months_low, expansion_delay_months_high = ends(
        "expansion_delay_months", "months", high=240.0
    )
    expansion_max_steps = whole("Greatest number of expansions in all", "steps", high=1000)


class LineCapacity(Provenance):
    """Yearly output of a line, and the part that other customers have taken."""

    line_id = identifier("Line", key=True)
    year = calendar_year("Year", key=True)
    capacity = number("Output of the year", "line units a year")
    capacity_low, capacity_high = ends("capacity", "line units a year")
    backlog_share = number("Share taken by other customers", SHARE, high=1.0)
    backlog_share_low, backlog_share_high = ends("backlog_share", SHARE, high=1.0)


class Purses(Provenance):
    """Money of each member in each year."""

    state = identifier("Member", key=True)
    year = calendar_year("Year", key=True)
    gdp_real_meur = number("Gross domestic product", MONEY_NOW, low=None, above=0.0, nullable=True)
    gdp_share_pct = number("Defence budget", "% of GDP", high=100.0, nullable=True)
    defence_meur = number("Defence budget", MONEY_NOW, nullable=True)
    defence_meur_low, defence_meur_high = ends("defence_meur", MONEY_NOW)
    equipment_share = share("Share of the defence budget that buys equipment and works", nullable=True)
    equipment_meur = number("Equipment budget", MONEY_NOW)
    equipment_meur_low, equipment_meur_high = ends("equipment_meur", MONEY_NOW)
    outside_scope_share = number(
        "Share of the equipment budget outside the classes planned here", SHARE, high=1.0, nullable=True
    )
    outside_scope_share_low, outside_scope_share_high = ends("outside_scope_share", SHARE, high=1.0)
    legacy_sustainment_meur = number("Sustainment of what is in service", MONEY_NOW, nullable=True)
    legacy_sustainment_meur_low, legacy_sustainment_meur_high = ends("legacy_sustainment_meur", MONEY_NOW)
    committed_meur = number("Unpaid part of signed contracts", MONEY_NOW, nullable=True)
    committed_meur_low, committed_meur_high = ends("committed_meur", MONEY_NOW)
    plannable_meur = number("Money the plan may spend", MONEY_NOW)
    plannable_meur_low, plannable_meur_high = ends("plannable_meur", MONEY_NOW)
    related_meur = number("Defence-related money outside the defence budget", MONEY_NOW)
    related_meur_low, related_meur_high = ends("related_meur", MONEY_NOW)
    related_plannable_share = number("Share of related_meur open to items planned here", SHARE, high=1.0)
    related_plannable_share_low, related_plannable_share_high = ends(
        "related_plannable_share", SHARE, high=1.0
    )
    carryover_limit_share = share("Greatest carry-over into the next year, share of equipment_meur")
    status = text("How the budget is known: published, held or extrapolated", nullable=True)


class Crews(Provenance):
    """People who can man a family of systems, counted in crews of one class unit."""

    state = identifier("Member", key=True)
    family = identifier("Crew family", key=True)
    name = text("Name of the family")
    systems = names("Systems that the family mans")
    people_per_unit = number("People in one crew", "persons per class unit", nullable=True)
    people_per_unit_low, people_per_unit_high = ends("people_per_unit", "persons per class unit")
    trained_crews = number("Crews trained at the start of the horizon", "crews (class units)")
    trained_crews_low, trained_crews_high = ends("trained_crews", "crews (class units)")
    throughput_per_year = number("Crews trained in a year", "crews (class units) a year")
    throughput_per_year_low, throughput_per_year_high = ends(
        "throughput_per_year", "crews (class units) a year"
    )
    school_cost_meur = number("Price of one more school", MONEY_NOW)
    school_cost_meur_low, school_cost_meur_high = ends("school_cost_meur", MONEY_NOW)
    school_added_throughput = number("Crews that one more school trains", "crews (class units) a year")
    shared_school = yes_no("A school may be shared by several members")
    shared_school_cost_factor = number(
        "Price of a shared school; empty where none may be shared", "multiple of one school", nullable=True
    )
    shared_school_cost_factor_low, shared_school_cost_factor_high = ends(
        "shared_school_cost_factor", "multiple of one school"
    )


class SafeLoans(Provenance):
    """Loan of each member under Regulation (EU) 2025/1106 (SAFE). The loan is nominal."""

    state = identifier("Member", key=True)
    allocation_meur = number("Tentative allocation", MONEY_NOMINAL)
    adopted_loan_meur = number("Loan adopted, the ceiling of all draws", MONEY_NOMINAL)
    prefinancing_meur = number("Part that may be drawn before it is claimed", MONEY_NOMINAL)
    window_from = calendar_year("First year of draws")
    window_to = calendar_year("Last year of draws")
    grace_years = whole("Years without repayment of principal", "years", high=100)
    maturity_years = whole("Years to the last repayment", "years", low=1, high=100)
    rate_pct = number("Interest of the loan", PERCENT_A_YEAR, low=-10.0, high=50.0)
    rate_pct_low, rate_pct_high = ends("rate_pct", PERCENT_A_YEAR, low=-10.0, high=50.0)
    national_rate_pct = number("Interest of the state's own borrowing", PERCENT_A_YEAR, low=-10.0, high=50.0)
    national_rate_pct_low, national_rate_pct_high = ends(
        "national_rate_pct", PERCENT_A_YEAR, low=-10.0, high=50.0
    )
    earmarked_share = number("Share of the loan tied to items outside the plan", SHARE, high=1.0)
    earmarked_share_low, earmarked_share_high = ends("earmarked_share", SHARE, high=1.0)
    additional_share = number("Share of each draw that is new money for the purse", SHARE, high=1.0)
    additional_share_low, additional_share_high = ends("additional_share", SHARE, high=1.0)
    single_state_until = date("Last day on which one state alone may buy under SAFE", nullable=True)
    min_participants_after = whole("Participants needed after that day", "states", low=1, high=100)
