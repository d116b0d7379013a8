"""The picture: events, who may see them, and the latest of each."""

from vallum.picture.audience import Audience, Audiences, View, sees
from vallum.picture.event import Address, Event, Kind
from vallum.picture.latest import Picture

__all__ = ["Address", "Audience", "Audiences", "Event", "Kind", "Picture", "View", "sees"]
