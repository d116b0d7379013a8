"""Who moves where: a pure function of a seed and of the time since the beginning."""

import math
import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final, Literal

from vallum.core.errors import BadInput
from vallum.hub.demo.places import NATIONS, Kind, Route, Stop, routes
from vallum.hub.demo.sphere import Leg

__all__ = ["MOST_UNITS", "Post", "Role", "Scene", "State", "Unit", "scene"]

RoleName = Literal["patrol", "ferry", "drone", "ambulance", "border guard", "civil protection", "coast guard"]

MOST_UNITS: Final = 3_000
POST_ROLE: Final = "post"
_LONGEST_DWELL_S: Final = 240.0


@dataclass(frozen=True, slots=True)
class Role:
    """A kind of unit.

    Parameters
    ----------
    name : str
        What it is.
    cot_type : str
        Its type in Cursor on Target.
    kind : str
        Which ways it takes.
    speed : float
        m/s, of which each leg has 85 to 110 per cent.
    dwell : float
        Shortest stay at a stop, s; the longest is four minutes more on land and none in the air.
    access : str
        Classification that its events state.
    names : str
        Whom ``releasableTo`` names: ``all`` nations, its own and the ``next``, or nothing.
    height : float, optional
        Height above the ellipsoid, m.
    """

    name: RoleName
    cot_type: str
    kind: Kind
    speed: float
    dwell: float
    access: str = ""
    names: Literal["", "all", "next"] = ""
    height: float | None = None


ROLES: Final = {
    role.name: role
    for role in (
        Role("patrol", "a-f-G-E-V-C", "road", 18.0, 30.0),
        Role("ferry", "a-f-S-X-M-F", "sea", 11.5, 60.0),
        Role("drone", "a-f-A-M-H-Q", "air", 14.0, 20.0, names="all", height=250.0),
        Role("ambulance", "a-f-G-E-V-m", "road", 22.0, 60.0),
        Role("border guard", "a-f-G-U-U-L-C", "road", 16.0, 60.0, access="RESTRICTED", names="all"),
        Role("civil protection", "a-f-G-U-i", "road", 17.0, 60.0, names="next"),
        Role("coast guard", "a-f-S-X-L", "sea", 8.5, 30.0),
    )
}

#: Roles of a nation's units in the order of their numbers, again and again.
ORDER: Final[tuple[RoleName, ...]] = (
    "patrol", "ferry", "drone", "ambulance", "border guard",
    "civil protection", "coast guard", "patrol", "patrol", "border guard",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class State:
    """Where a unit is and how it moves.

    Parameters
    ----------
    lat, lon : float
        WGS 84 degrees.
    course : float
        Degrees from true north; while it stands, the last one.
    speed : float
        m/s.
    towards : str
        Next place with a name, empty at sea.
    """

    lat: float
    lon: float
    course: float
    speed: float
    towards: str


@dataclass(frozen=True, slots=True)
class Step:
    """A stay at a stop and the leg that follows."""

    leg: Leg
    dwell: float
    speed: float
    towards: str

    @property
    def seconds(self) -> float:
        """How long both take."""
        return self.dwell + self.leg.length / self.speed


@dataclass(frozen=True, slots=True)
class Unit:
    """One invented unit.

    Parameters
    ----------
    nation : str
        ISO 3166-1 alpha-2.
    number : int
        Within its nation, from 1.
    role : Role
        What it is.
    steps : tuple of Step
        Its way forth and back, which begins again when it is done.
    ends : tuple of float
        When each step ends, s.
    offset : float
        Where on its way it is at the beginning, s.
    releasable_to : tuple of str
        Nations that its events name; none if they name none.
    """

    nation: str
    number: int
    role: Role
    steps: tuple[Step, ...]
    ends: tuple[float, ...]
    offset: float
    releasable_to: tuple[str, ...]

    @property
    def uid(self) -> str:
        """Its uid."""
        return f"vallum-demo-{self.nation}-{self.number:02d}"

    @property
    def callsign(self) -> str:
        """Its callsign."""
        return f"DEMO {self.nation} {self.number:02d}"

    def state(self, t: float) -> State:
        """Return where it is `t` seconds after the beginning."""
        within = (self.offset + t) % self.ends[-1]
        # The last digits of a float may lead to the very end.
        at = min(bisect_right(self.ends, within), len(self.steps) - 1)
        step = self.steps[at]
        since = within - (self.ends[at] - step.seconds)
        if since < step.dwell:
            before = self.steps[at - 1].leg
            lat, lon = step.leg.start
            return State(lat, lon, before.course(1.0), 0.0, step.towards)
        share = min((since - step.dwell) * step.speed / step.leg.length, 1.0)
        lat, lon = step.leg.at(share)
        return State(lat, lon, step.leg.course(share), step.speed, step.towards)

    def battery(self, t: float) -> int:
        """Return the charge of its radio, per cent; a new battery comes when the old one is at 20."""
        return 100 - math.floor(self.number * 7 + t / 180) % 81


@dataclass(frozen=True, slots=True)
class Post:
    """A nation's command post: the one client of its connection, which speaks for all of its units."""

    nation: str
    place: Stop

    @property
    def uid(self) -> str:
        """Its uid."""
        return f"vallum-demo-{self.nation}-{POST_ROLE}"

    @property
    def callsign(self) -> str:
        """Its callsign."""
        return f"DEMO {self.nation} POST"


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that is invented.

    Parameters
    ----------
    seed : int
        Of the randomness.
    nations : tuple of str
        Nations that take part.
    units : tuple of Unit
        Units of all of them.
    posts : tuple of Post
        One for each nation.
    """

    seed: int
    nations: tuple[str, ...]
    units: tuple[Unit, ...]
    posts: tuple[Post, ...]

    def positions(self, t: float) -> dict[str, State]:
        """Return the state of each unit by its uid, `t` seconds after the beginning."""
        return {unit.uid: unit.state(t) for unit in self.units}

    def of(self, nation: str) -> tuple[Post, tuple[Unit, ...]]:
        """Return a nation's post and units."""
        post = next(post for post in self.posts if post.nation == nation)
        return post, tuple(unit for unit in self.units if unit.nation == nation)


def scene(seed: int, units: int, nations: Sequence[str]) -> Scene:
    """Invent units.

    Parameters
    ----------
    seed : int
        The same seed gives the same scene on every machine.
    units : int
        How many in all, shared out evenly; the first nations get those that are left over.
    nations : sequence of str
        Which nations.

    Raises
    ------
    BadInput
        If there is no such nation, one is named twice, or the number of units does not fit.
    """
    _check(units, nations)
    made = []
    for rank, nation in enumerate(nations):
        # One source for each nation: its units do not depend on who else takes part.
        source = random.Random(f"{seed} {nation}")  # noqa: S311 nothing depends on it being unknown
        share = units // len(nations) + (rank < units % len(nations))
        made += _units_of(nation, share, source)
    return Scene(
        seed, tuple(nations), tuple(made), tuple(Post(nation, _capital(nation)) for nation in nations)
    )


def _check(units: int, nations: Sequence[str]) -> None:
    for nation in nations:
        if nation not in NATIONS:
            raise BadInput(
                "the demonstration knows no places of it",
                f"nation {nation[:16]!r}",
                "nations",
                f"One or more of {','.join(NATIONS)}.",
            )
    if not nations or len(set(nations)) != len(nations):
        raise BadInput("each nation must be named once", "nations", "nations", "Such as EE,LV.")
    if not len(nations) <= units <= MOST_UNITS:
        raise BadInput(
            f"{units} units do not go with {len(nations)} nations",
            "units",
            "units",
            f"Give from {len(nations)}, one for each nation, to {MOST_UNITS}.",
        )


def _units_of(nation: str, count: int, source: random.Random) -> list[Unit]:
    ways: dict[Kind, list[Route]] = {"road": [], "air": [], "sea": []}
    for route in routes():
        if route.nation == nation:
            ways[route.kind].append(route)
    taken = dict.fromkeys(ways, 0)
    named = {"": (), "all": NATIONS, "next": (nation, NATIONS[(NATIONS.index(nation) + 1) % len(NATIONS)])}
    made = []
    for number in range(1, count + 1):
        role = ROLES[ORDER[(number - 1) % len(ORDER)]]
        way = ways[role.kind][taken[role.kind] % len(ways[role.kind])]
        taken[role.kind] += 1
        steps = tuple(_steps(way, role, source))
        ends = tuple(accumulate(step.seconds for step in steps))
        offset = source.random() * ends[-1]
        made.append(Unit(nation, number, role, steps, ends, offset, named[role.names]))
    return made


def _steps(way: Route, role: Role, source: random.Random) -> list[Step]:
    there_and_back = (*way.stops, *way.stops[-2::-1])
    stays = 0.0 if role.kind == "air" else _LONGEST_DWELL_S
    return [
        Step(
            leg=Leg((start.lat, start.lon), (end.lat, end.lon)),
            dwell=role.dwell + source.random() * stays,
            speed=role.speed * (0.85 + 0.25 * source.random()),
            towards=end.name,
        )
        for start, end in pairwise(there_and_back)
    ]


def _capital(nation: str) -> Stop:
    return next(route.stops[0] for route in routes() if route.nation == nation)
