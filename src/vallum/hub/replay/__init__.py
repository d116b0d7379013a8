"""What was recorded, played again or written for other programs."""

from vallum.hub.replay.files import check_apart, check_place, written
from vallum.hub.replay.play import Course, Hub, hub_of, play
from vallum.hub.replay.shift import shifted

__all__ = ["Course", "Hub", "check_apart", "check_place", "hub_of", "play", "shifted", "written"]
