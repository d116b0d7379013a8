"""What one nation sends and when: positions at every tick, and now and then something else."""

import math
from typing import Final

from vallum.hub.demo import events
from vallum.hub.demo.places import Stop, routes
from vallum.hub.demo.scene import Post, Scene, State, Unit

__all__ = ["Programme"]

CHAT_FIRST_S: Final = 1.0
CHAT_APART_S: Final = 3.0
"""From one nation's first message to the next nation's."""
CHAT_EVERY_S: Final = 24.0
FIXED_EVERY_S: Final = 30.0
"""How often markers, videos and emergencies are sent again."""
ALERT_CYCLE_S: Final = 600.0
ALERT_FROM_S: Final = 15.0
ALERT_UNTIL_S: Final = 195.0
CANCELS: Final = 3
"""How often the end of an emergency is sent: the hub keeps one that it was not told the end of for hours."""
INTERVALS: Final = 3
"""After how many missing updates something is stale."""
KNOTS: Final = 3600 / 1852


class Programme:
    """One nation's part of a scene. It is told the time and has no clock.

    Parameters
    ----------
    scene : Scene
        The scene.
    nation : str
        Whose part.
    interval : float
        Seconds from tick to tick.
    """

    def __init__(self, scene: Scene, nation: str, interval: float) -> None:
        self.post, self.units = scene.of(nation)
        self.interval = interval
        self._rank = scene.nations.index(nation)
        self._nations = len(scene.nations)
        self._seed = scene.seed
        self._chat = -1
        self._fixed_at = -math.inf
        self._alert_at = -math.inf
        self._alerting: Unit | None = None
        self._cancels = 0

    def due(self, t: float, now: int) -> list[bytes]:
        """Return the events to send at a tick.

        Parameters
        ----------
        t : float
            Seconds since the scene began.
        now : int
            Milliseconds since 1970-01-01T00:00Z.
        """
        stale = self._stale(self.interval)
        states = [(unit, unit.state(t)) for unit in self.units]
        sent = [events.post(self.post, now, stale)]
        sent += (events.position(unit, state, unit.battery(t), now, stale) for unit, state in states)
        if t - self._fixed_at >= FIXED_EVERY_S:
            self._fixed_at = t
            sent += self._fixed(states, now)
        sent += self._alerts(t, now)
        number = math.floor((t - CHAT_FIRST_S - CHAT_APART_S * self._rank) / CHAT_EVERY_S)
        if number > self._chat:
            self._chat = number
            sent.append(events.chat(self.post, self._words(number, states), now))
        return sent

    def again(self) -> None:
        """Send what is sent rarely at the next tick, for a hub that may have forgotten it."""
        self._fixed_at = self._alert_at = -math.inf

    def farewell(self, t: float, now: int) -> list[bytes]:
        """Return what has to be said at the end: no emergency is left behind."""
        if self._alerting is None:
            return []
        return [self._alert(self._alerting, t, now, cancels=True)]

    def raised(self, t: float) -> Unit | None:
        """Return the unit that has an emergency; the nations take turns."""
        cycle, within = divmod(t, ALERT_CYCLE_S)
        if int(cycle) % self._nations == self._rank and ALERT_FROM_S <= within < ALERT_UNTIL_S:
            return self.units[0]
        return None

    def _alerts(self, t: float, now: int) -> list[bytes]:
        raised = self.raised(t)
        if raised is not None and self._alerting is None:
            self._alerting, self._cancels, self._alert_at = raised, CANCELS, -math.inf
        elif raised is None and self._alerting is not None and self._cancels == CANCELS:
            self._alert_at = -math.inf  # the end is told at once
        if self._alerting is None or t - self._alert_at < FIXED_EVERY_S:
            return []
        self._alert_at = t
        event = self._alert(self._alerting, t, now, cancels=raised is None)
        if raised is None:
            self._cancels -= 1
            if not self._cancels:
                self._alerting = None
        return [event]

    def _alert(self, unit: Unit, t: float, now: int, *, cancels: bool) -> bytes:
        return events.alert(unit, unit.state(t), now, self._stale(FIXED_EVERY_S), cancels=cancels)

    def _fixed(self, states: list[tuple[Unit, State]], now: int) -> list[bytes]:
        stale = self._stale(FIXED_EVERY_S)
        drones = ((unit, state) for unit, state in states if unit.role.name == "drone")
        return [
            events.marker(self.post, _meeting_point(self.post), now, stale),
            *(events.video(unit, state, now, stale) for unit, state in drones),
        ]

    def _words(self, number: int, states: list[tuple[Unit, State]]) -> str:
        # What is said to all is about units that all may see, as far as their own labels go.
        open_ones = [(unit, state) for unit, state in states if not (unit.role.access or unit.role.names)]
        unit, state = open_ones[(3 * number + 2 * self._rank + self._seed) % len(open_ones)]
        if unit.role.kind == "sea":
            return f"{unit.callsign}, {unit.role.name}: {state.speed * KNOTS:.0f} kn, nothing to report"
        if state.speed:
            return f"{unit.callsign}, {unit.role.name}: on the way to {state.towards}"
        return f"{unit.callsign}, {unit.role.name}: leaving for {state.towards} soon"

    def _stale(self, every: float) -> int:
        return round(INTERVALS * every * 1000)


def _meeting_point(post: Post) -> Stop:
    """Return the second stop of the nation's first road."""
    return next(route.stops[1] for route in routes() if route.nation == post.nation)
