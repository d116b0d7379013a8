"""A period written for other programs: KML, KMZ, GeoJSON."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final, Literal
from urllib.parse import parse_qs

import msgspec
from starlette.responses import Response

from vallum.hub.journal import Selection, Stored
from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.app import read_whole
from vallum.hub.marti.basics.history import Period, period, search
from vallum.hub.marti.operation import Call, Media, NoQuery, Operation
from vallum.hub.replay import geojson, kml
from vallum.hub.replay.tracks import Tracks
from vallum.picture import Event

__all__ = ["OPERATIONS"]

_FORM_BYTES: Final = 1 << 16
_FIELDS: Final = 1_000
_KML: Final = "application/vnd.google-earth.kml+xml"
_KMZ: Final = "application/vnd.google-earth.kmz"
_GEOJSON: Final = "application/geo+json"
_TYPES: Final = {"kml": _KML, "kmz": _KMZ, "geojson": _GEOJSON}


class Export(msgspec.Struct, rename="camel"):
    """The form; what else clients put into it is passed over."""

    start_time: str
    end_time: str
    format: Literal["kml", "kmz", "geojson"] = "kmz"
    groups: list[str] = []
    "Separated by commas, or repeated; all of one's own unless given."


async def export(call: Call) -> Response:
    """Answer the tracks of a period as a file."""
    form = _form(await read_whole(call.request, _FORM_BYTES))
    names = ("startTime", "endTime")
    since, until = period(Period(form.start_time, form.end_time), call.marti.clock(), names=names)
    groups = [name.strip() for value in form.groups for name in value.split(",") if name.strip()]

    def take(found: Iterable[Stored]) -> bytes:
        stream = io.BytesIO()
        _write(stream, form.format, _with_events(found))
        return stream.getvalue()

    body = await search(call, Selection(since, until), take, groups=groups)
    name = f'attachment; filename="export.{form.format}"'
    return Response(body, media_type=_TYPES[form.format], headers={"Content-Disposition": name})


def _write(stream: BinaryIO, form: str, events: Iterable[tuple[Stored, Event]]) -> None:
    with Tracks.of(events) as tracks:
        if form == "geojson":
            geojson.write_tracks(stream, tracks)
        elif form == "kml":
            kml.write_tracks(stream, tracks)
        else:
            with (
                zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed,
                packed.open("doc.kml", "w") as inner,
            ):
                kml.write_tracks(inner, tracks)


def _with_events(found: Iterable[Stored]) -> Iterator[tuple[Stored, Event]]:
    return ((one, one.event()) for one in found)


def _form(body: bytes) -> Export:
    try:
        fields = parse_qs(
            body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=_FIELDS
        )
        values = {name: given if name == "groups" else given[-1] for name, given in fields.items()}
        return msgspec.convert(values, Export)
    except (msgspec.ValidationError, ValueError) as error:
        raise Refusal(400, f"form: {error}", rule="form fields",
                      remedy="Send startTime, endTime and format, URL-encoded.") from error  # fmt: skip


OPERATIONS: Final = (
    Operation("POST", "/Marti/ExportMissionKML", export, "Tracks of a period as KML, KMZ or GeoJSON",
              "events", NoQuery, body=Media("application/x-www-form-urlencoded"), answer=Media("*/*"),
              refuses=(503,)),
)  # fmt: skip
