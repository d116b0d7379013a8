"""The Baltic region with its outlook, and plans of it written by hand."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plan_fiscal.plans import TWO, Hand, write_hand
from vallum.model.finance.problem import Problem
from vallum.model.finance.reader import problem
from vallum.model.finance.scenarios import POLICIES
from vallum.plan.fiscal import Outlook, make
from vallum.plan.fiscal.impact import outlays_of
from vallum.plan.fiscal.outlook import Case, case
from vallum.plan.store import Plan
from vallum.region import Region

#: Enough for quantiles that keep their order, and quick.
PATHS = 2_000


@pytest.fixture(autouse=True, scope="session")
def _quick(quick_disk: None) -> None:
    """Every test here writes folders."""


@pytest.fixture(scope="session")
def region() -> Region:
    return Region.read("baltic")


@pytest.fixture(scope="session")
def what(region: Region) -> Problem:
    return problem(region)


@pytest.fixture
def hand(tmp_path: Path, region: Region) -> Callable[..., Plan]:
    """Write a plan by hand."""

    def written(given: Hand = TWO, mode: str = "joint", where: Region | None = None) -> Plan:
        return write_hand(tmp_path / mode, where or region, given, mode)

    return written


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory, region: Region) -> dict[str, Plan]:
    """The two orders together, and the same alone at 20 % more; only read, never changed."""
    folder = tmp_path_factory.mktemp("pair")
    alone = Hand(
        tuple(
            type(order)(
                order.programme, order.state, order.year, 1.2 * order.price,
                {year: 1.2 * amount for year, amount in order.paid.items()}, order.delivered, order.line, order.state,
            )
            for order in TWO.orders
        ),
        gap_years={"EE": 0.5, "LV": 1.5},
    )  # fmt: skip
    return {
        "national": write_hand(folder / "national", region, alone, "national"),
        "joint": write_hand(folder / "joint", region, TWO, "joint"),
    }


@pytest.fixture(scope="session")
def planned_case(what: Problem) -> Callable[[str, Plan], Case]:
    """The policy `plan` with the outlays of a plan of purchases."""
    return lambda source, plan: case(what, source, POLICIES["plan"], outlays_of(what, plan))


@pytest.fixture(scope="session")
def outlook(region: Region) -> Outlook:
    """The outlook of the region without a plan of purchases."""
    return make(region, paths=PATHS)
