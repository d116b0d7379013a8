"""Registry of a region's tables: schema, key, and what each refers to."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import dataframely as dy
import polars as pl

from vallum.region.schema import evacuation, facts, fiscal, planning, sky, works
from vallum.region.schema.columns import PROVENANCE


@dataclass(frozen=True)
class ForeignKey:
    """A column whose values must be found in another table.

    Attributes
    ----------
    column : str
        Referring column. A list column (`vallum.region.schema.columns.names`) refers with every entry.
    table, reference : str
        Table and column referred to. Nothing is asked for while an optional table is empty.
    except_for : tuple of str
        Values that stand for *nothing*.
    """

    column: str
    table: str
    reference: str
    except_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table of a region.

    Attributes
    ----------
    name, title : str
        Name of the table (and of its file), and a title for people.
    schema : type of dataframely.Schema
        Columns with meaning, unit and bounds.
    required : bool
        Every region must have the table.
    filled : bool
        The table must have at least one row.
    key : tuple of str
        Columns that together name a row; an empty cell is a value like any other.
    foreign : tuple of ForeignKey
        What the table refers to.
    """

    name: str
    title: str
    schema: type[dy.Schema]
    required: bool
    filled: bool
    key: tuple[str, ...]
    foreign: tuple[ForeignKey, ...] = ()

    @cached_property
    def columns(self) -> Mapping[str, dy.Column]:
        """Columns in the order of the file: the table's own, then provenance."""
        found = self.schema.columns()
        own = [name for name in found if name not in PROVENANCE]
        return MappingProxyType({name: found[name] for name in (*own, *PROVENANCE)})

    @cached_property
    def dtypes(self) -> dict[str, pl.DataType]:
        """Polars type of each column, in the order of `columns`."""
        return {name: column.dtype for name, column in self.columns.items()}

    @cached_property
    def rules(self) -> Mapping[tuple[str, str], pl.Expr]:
        """What the columns ask of each cell, by column and rule; empty cells break only nullability."""
        return MappingProxyType(
            {
                (name, rule): expression.fill_null(value=True)
                for name, column in self.columns.items()
                for rule, expression in column.validation_rules(pl.col(name)).items()
            }
        )

    def empty(self) -> pl.DataFrame:
        """Make the table without rows."""
        return pl.DataFrame(schema=self.dtypes)


def _core(
    name: str,
    title: str,
    schema: type[dy.Schema],
    *foreign: ForeignKey,
    filled: bool = False,
    key: tuple[str, ...] | None = None,
) -> Table:
    return Table(name, title, schema, True, filled, key or tuple(schema.primary_key()), foreign)


def _fact(name: str, title: str, schema: type[dy.Schema], *foreign: ForeignKey) -> Table:
    return Table(name, title, schema, False, False, tuple(schema.primary_key()), foreign)


_STATE = ForeignKey("state", "states", "state")
_CLASS = ForeignKey("class_id", "classes", "class_id")
_SYSTEM = ForeignKey("system_id", "systems", "system_id")
_SYSTEMS = ForeignKey("systems", "systems", "system_id")
_PROGRAMME = ForeignKey("programme_id", "programmes", "programme_id")
_ELEMENT = ForeignKey("element_id", "works_elements", "element_id")
_KIND = ForeignKey("kind_id", "sensor_kinds", "kind_id")
_BAND = ForeignKey("band_id", "sky_bands", "band_id")
_SCENARIO = ForeignKey("scenario_id", "evac_scenarios", "scenario_id")
_FROM = ForeignKey("from_node", "road_nodes", "node_id")
_TO = ForeignKey("to_node", "road_nodes", "node_id")
_ISO2 = ForeignKey("iso2", "states", "state")

_LIST = (
    _core("settings", "Settings of the region", planning.Settings, filled=True),
    _core("bands", "Price bands", planning.Bands),
    _core("states", "Members and partners", planning.States, filled=True),
    _core("classes", "Capability classes", planning.Classes, filled=True),
    _core("gateways", "Nodes that classes occupy", planning.Gateways, _CLASS),
    _core("systems", "Systems in service and on offer", planning.Systems, _CLASS),
    Table(
        "formations",
        "Formations that needs are counted from",
        planning.Formations,
        False,
        False,
        ("formation_id",),
        (_STATE, ForeignKey("formation_type", "establishments", "formation_type")),
    ),
    Table(
        "establishments",
        "What a formation should hold",
        planning.Establishments,
        False,
        False,
        ("formation_type", "class_id"),
        (_CLASS,),
    ),
    Table(
        "extra_needs",
        "Needs that no formation carries",
        planning.ExtraNeeds,
        False,
        False,
        ("state", "class_id", "start_year"),
        (_STATE, _CLASS),
    ),
    _core("needs", "Needs by state, class and year", planning.Needs, _STATE, _CLASS, filled=True),
    _core(
        "stocks",
        "Stocks and signed deliveries",
        planning.Stocks,
        _STATE,
        _SYSTEM,
        ForeignKey("contract_id", "contracts", "contract_id"),
        key=("state", "system_id", "kind", "year", "contract_id", "retire_from"),
    ),
    _core(
        "programmes",
        "Packages on offer",
        planning.Programmes,
        _CLASS,
        _SYSTEM,
        ForeignKey("line_id", "lines", "line_id"),
        ForeignKey("crew_family", "crews", "family", ("NONE",)),
        ForeignKey("prerequisites", "programmes", "programme_id"),
        ForeignKey("exclusions", "programmes", "programme_id"),
    ),
    _core(
        "programme_states", "Members that may join a programme", planning.ProgrammeStates, _PROGRAMME, _STATE
    ),
    _core(
        "partner_orders",
        "Quantities of partners",
        planning.PartnerOrders,
        _PROGRAMME,
        ForeignKey("partner", "states", "state"),
    ),
    _core(
        "lines",
        "Production lines",
        planning.Lines,
        ForeignKey("plant_id", "industry", "plant_id"),
        _SYSTEMS,
    ),
    _core(
        "line_capacity",
        "Capacity and backlog of lines by year",
        planning.LineCapacity,
        ForeignKey("line_id", "lines", "line_id"),
    ),
    _core("purses", "Money of each member by year", planning.Purses, _STATE, filled=True),
    _core("crews", "Crews and schools", planning.Crews, _STATE, _SYSTEMS),
    _core("safe_loans", "SAFE loans of members", planning.SafeLoans, _STATE),
    _fact(
        "contracts",
        "Purchases signed or announced",
        facts.Contracts,
        ForeignKey("buyer_iso2", "states", "state"),
        _SYSTEM,
    ),
    _fact("industry", "Plants", facts.Industry, _SYSTEM),
    _fact(
        "forces",
        "Formations as reported",
        facts.Forces,
        ForeignKey("host", "states", "state"),
        ForeignKey("equipment_systems", "systems", "system_id"),
    ),
    _fact("defence_budgets", "Defence budgets by series", facts.DefenceBudgets, _ISO2),
    _fact("macro", "Economy of each state", facts.Macro, _ISO2),
    _fact("parameters", "Parameters from studies", facts.Parameters),
    _fact("safe_rules", "Rules of SAFE", facts.SafeRules),
    _fact("safe_allocations", "SAFE loans of all borrowers", facts.SafeAllocations),
    _fact("seed_crosscheck", "Numbers of the founding essays, checked", facts.SeedCrosscheck),
    _fact("sources", "Register of sources", facts.Sources),
    _fact("municipalities", "Centres of municipalities", facts.Municipalities, _STATE),
    _fact("border_lengths", "Lengths of the outer border", facts.BorderLengths, _STATE),
    _fact("fiscal_inputs", "Public finances: last year and forecast", fiscal.FiscalInputs, _STATE),
    _fact("fiscal_longrun", "Output and ageing after the forecast", fiscal.FiscalLongrun, _STATE),
    _fact("fiscal_parameters", "Structure of debt", fiscal.FiscalParameters, _STATE),
    Table(
        "fiscal_settings",
        "Settings of the fiscal projection",
        fiscal.FiscalSettings,
        False,
        False,
        ("key", "state"),
        (_STATE,),
    ),
    _fact("market_rates", "Expected rates and inflation", fiscal.MarketRates, _STATE),
    _fact("expenditure_ceilings", "Ceilings on net expenditure", fiscal.ExpenditureCeilings, _STATE),
    _fact("shocks_quarterly", "Quarterly shocks", fiscal.ShocksQuarterly, _STATE),
    _fact("outlay_classes", "Classes of outlays", fiscal.OutlayClasses),
    _fact("safe_draws", "Draws of SAFE loans", fiscal.SafeDraws, _STATE),
    _fact("fiscal_reference", "Official forecasts", fiscal.FiscalReference),
    _fact("works_settings", "Settings of the Line's schedule", works.WorksSettings),
    _fact("works_sectors", "Sectors of the border", works.WorksSectors, _STATE),
    _fact("works_elements", "Kinds of works", works.WorksElements),
    _fact("works_quantities", "Works planned and built", works.WorksQuantities, _STATE, _ELEMENT),
    _fact("works_activities", "Steps of building", works.WorksActivities, _ELEMENT),
    _fact("works_resources", "Crews, machines and offices", works.WorksResources, _STATE),
    _fact("works_lines", "Production for the Line", works.WorksLines, _STATE, _ELEMENT),
    _fact("works_land", "Owners of the land", works.WorksLand, _STATE),
    _fact("works_tenders", "Tenders that fail", works.WorksTenders, _STATE, _ELEMENT),
    Table(
        "works_calendars",
        "Months of outdoor work",
        works.WorksCalendars,
        False,
        False,
        ("calendar_id", "month"),
    ),
    _fact("works_money", "Money for the Line", works.WorksMoney, _STATE),
    Table(
        "works_levers", "What may shorten the Line", works.WorksLevers, False, False, ("lever_id", "change")
    ),
    Table(
        "works_facts",
        "What was built by when",
        works.WorksFacts,
        False,
        False,
        ("state", "element_id", "year", "month"),
        (_STATE, _ELEMENT),
    ),
    _fact("sky_settings", "Settings of siting and warning", sky.SkySettings),
    _fact("sky_bands", "Bands of height", sky.SkyBands),
    _fact("sensor_kinds", "Kinds of sensors", sky.SensorKinds),
    _fact("sensor_sight", "How surely a kind sees", sky.SensorSight, _KIND, _BAND),
    _fact("sensor_types", "Sensors on offer", sky.SensorTypes, _KIND),
    _fact(
        "sensor_ranges",
        "Ranges of sensors",
        sky.SensorRanges,
        ForeignKey("type_id", "sensor_types", "type_id"),
        _BAND,
    ),
    _fact(
        "sky_purses",
        "Who pays for sensors",
        sky.SkyPurses,
        _STATE,
        ForeignKey("kinds", "sensor_kinds", "kind_id"),
    ),
    _fact("sky_years", "Years of buying sensors", sky.SkyYears),
    _fact("sky_points", "Sites at points", sky.SkyPoints, _STATE),
    _fact("sky_areas", "Areas to watch", sky.SkyAreas, _STATE),
    Table(
        "warning_delays",
        "Minutes of each step of a warning",
        sky.WarningDelays,
        False,
        False,
        ("step", "alerting", "state", "to_state"),
        (_STATE, ForeignKey("to_state", "states", "state")),
    ),
    _fact("warning_events", "Warnings of the past", sky.WarningEvents, _STATE),
    Table(
        "shelter_reach",
        "Who finds shelter, and how fast",
        sky.ShelterReach,
        False,
        False,
        ("state", "lau_id"),
        (_STATE,),
    ),
    _fact("evac_settings", "Settings of evacuation", evacuation.EvacSettings),
    _fact("road_nodes", "Nodes of the road graph", evacuation.RoadNodes, _STATE),
    _fact("roads", "Roads between nodes", evacuation.Roads, _STATE, _FROM, _TO),
    _fact(
        "evac_links",
        "Ways from municipalities to the road graph",
        evacuation.EvacLinks,
        _STATE,
        ForeignKey("node_id", "road_nodes", "node_id"),
    ),
    _fact("evac_households", "How people leave", evacuation.EvacHouseholds, _STATE),
    _fact("evac_trains", "Trains for people", evacuation.EvacTrains, _FROM, _TO),
    _fact("evac_places", "Places to sleep", evacuation.EvacPlaces, _STATE),
    _fact("evac_scenarios", "Scenarios of evacuation", evacuation.EvacScenarios),
    _fact("evac_origins", "Who leaves", evacuation.EvacOrigins, _SCENARIO, _STATE),
    _fact("evac_windows", "Roads that a scenario changes", evacuation.EvacWindows, _SCENARIO, _FROM, _TO),
)

TABLES: Mapping[str, Table] = MappingProxyType({table.name: table for table in _LIST})
"""All tables that a region may have, by name, in the order in which they are read."""
