"""Layers of a mission."""

from typing import Annotated, Final

import msgspec
from starlette.responses import Response

from vallum.hub.marti.answer import Answer, answer
from vallum.hub.marti.missions import layers
from vallum.hub.marti.missions.desk import desk
from vallum.hub.marti.missions.ledger import Ledger
from vallum.hub.marti.missions.reading import Reading
from vallum.hub.marti.missions.routes.common import By, author, both, caller, ref, told
from vallum.hub.marti.missions.wire import Layer, LayerType
from vallum.hub.marti.operation import Call

__all__ = ["OPERATIONS"]

_KIND: Final = "MissionLayer"


class Made(By, rename="camel", kw_only=True):
    """A new layer."""

    name: Annotated[str, msgspec.Meta(min_length=1)]
    type: LayerType
    uid: str = ""
    parent_uid: str = ""
    after_uid: str | None = None


class Named(By, rename="camel", kw_only=True):
    """A new name."""

    name: Annotated[str, msgspec.Meta(min_length=1)]


class Placed(By, rename="camel"):
    """Behind which layer; before all if none is stated."""

    after_uid: str | None = None


class Moved(By, rename="camel", kw_only=True):
    """Which layer goes where."""

    layer_uid: str
    parent_uid: str = ""
    after_uid: str | None = None


class Removed(By, rename="camel", kw_only=True):
    """Which layers go: uids, with commas between them."""

    uid: list[str]


async def tree(call: Call) -> Response:
    """Answer the layers of a mission, with what lies in them."""

    def work(reading: Reading) -> list[Layer]:
        return layers.tree(reading, reading.mission(ref(call)))

    return await told(call, _KIND, work)


async def made(call: Call) -> Response:
    """Make a layer."""
    query: Made = call.query

    def work(ledger: Ledger) -> Layer:
        mission = ledger.mission(ref(call), "MISSION_WRITE")
        return layers.create(
            ledger,
            mission,
            query.name,
            query.type,
            query.uid,
            query.parent_uid,
            query.after_uid,
            author(call),
        )

    return answer(_KIND, await desk(call).change(caller(call), work))


async def renamed(call: Call) -> Response:
    """Give a layer another name."""

    def work(ledger: Ledger) -> None:
        mission = ledger.mission(ref(call), "MISSION_WRITE")
        layers.rename(ledger, mission, call.path["layer"], call.query.name, author(call))

    await desk(call).change(caller(call), work)
    return Response()


async def placed(call: Call) -> Response:
    """Put a layer behind another one."""

    def work(ledger: Ledger) -> None:
        mission = ledger.mission(ref(call), "MISSION_WRITE")
        layers.place(ledger, mission, call.path["layer"], call.query.after_uid, author(call))

    await desk(call).change(caller(call), work)
    return Response()


async def moved(call: Call) -> Response:
    """Put a layer below another one."""
    query: Moved = call.query

    def work(ledger: Ledger) -> None:
        mission = ledger.mission(ref(call), "MISSION_WRITE")
        layers.move(ledger, mission, query.layer_uid, query.parent_uid, query.after_uid, author(call))

    await desk(call).change(caller(call), work)
    return Response()


async def removed(call: Call) -> Response:
    """Delete layers; what lies in them stays in the mission."""
    uids = [one for text in call.query.uid for one in text.split(",") if one]

    def work(ledger: Ledger) -> None:
        layers.remove(ledger, ledger.mission(ref(call), "MISSION_WRITE"), uids, author(call))

    await desk(call).change(caller(call), work)
    return Response()


OPERATIONS: Final = (
    *both("GET", "/layers", tree, "The layers of a mission.", answer=Answer[list[Layer]]),
    *both("PUT", "/layers", made, "Make a layer.", query=Made, answer=Answer[Layer], may="send",
          refuses=(409,)),
    *both("DELETE", "/layers", removed, "Delete layers.", query=Removed, may="send"),
    *both("PUT", "/layers/parent", moved, "Put a layer below another one.", query=Moved, may="send",
          refuses=(409,)),
    *both("PUT", "/layers/{layer}/name", renamed, "Give a layer another name.", query=Named, may="send"),
    *both("PUT", "/layers/{layer}/position", placed, "Put a layer behind another one.", query=Placed,
          may="send"),
)  # fmt: skip
