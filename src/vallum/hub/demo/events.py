"""The invented units as Cursor on Target events."""

import uuid
from typing import Final

import vallum
from vallum.core import instant
from vallum.hub.demo.places import Stop
from vallum.hub.demo.scene import Post, State, Unit
from vallum.wire.cot import escape

__all__ = ["REMARKS", "alert", "chat", "marker", "position", "post", "video"]

REMARKS: Final = "Invented unit of Vallum's demonstration"
ROOM: Final = "All Chat Rooms"
VIDEO_HOST: Final = "video.example.invalid"

_UNKNOWN: Final = 9_999_999.0
_TEAMS: Final = {"EE": "Cyan", "LV": "Maroon", "LT": "Yellow"}
_TEAM_ROLES: Final = {"ambulance": "Medic"}
_POST_TYPE: Final = "a-f-G-I-i-e"
_CHAT_STALE_MS: Final = 3_600_000
_MESSAGES: Final = uuid.UUID("6f3a6f0e-5f0b-4f53-9b35-2e7a1a5d5c11")


def position(unit: Unit, state: State, battery: int, now: int, stale_ms: int) -> bytes:
    """Write where a unit is.

    Parameters
    ----------
    unit : Unit
        The unit.
    state : State
        Where it is.
    battery : int
        Charge, per cent.
    now : int
        Milliseconds since 1970-01-01T00:00Z.
    stale_ms : int
        Milliseconds until it is stale.
    """
    detail = (
        f'<contact callsign="{unit.callsign}"/>'
        f'<__group name="{_TEAMS[unit.nation]}" role="{_TEAM_ROLES.get(unit.role.name, "Team Member")}"/>'
        f'<status battery="{battery}"/><track course="{state.course:.1f}" speed="{state.speed:.2f}"/>'
        '<precisionlocation geopointsrc="GPS" altsrc="GPS"/>'
        f"<remarks>{escape(REMARKS)}: {unit.role.name}</remarks>"
    )
    return _event(
        unit.uid, unit.role.cot_type, now, stale_ms, (state.lat, state.lon), detail,
        how="m-g", label=_label(unit), height=unit.role.height, accuracy=10.0,
    )  # fmt: skip


def post(post: Post, now: int, stale_ms: int) -> bytes:
    """Write where a command post is; by its ``takv`` the hub knows it as the client of the connection."""
    detail = (
        '<takv device="none" platform="Vallum demonstration" os="none" '
        f'version="{escape(vallum.__version__)}"/>'
        f'<contact callsign="{post.callsign}" endpoint="*:-1:stcp"/>'
        f'<__group name="{_TEAMS[post.nation]}" role="HQ"/><status battery="100"/>'
        f'<track course="0.0" speed="0.00"/><remarks>{escape(REMARKS)}: command post</remarks>'
    )
    return _event(post.uid, _POST_TYPE, now, stale_ms, _at(post.place), detail, how="h-e")


def chat(post: Post, text: str, now: int) -> bytes:
    """Write a message of a command post to all."""
    # The same for the same instant, another in another run: clients show a message of a known number once.
    number = uuid.uuid5(_MESSAGES, f"{post.uid} {now}")
    members = f'<chatgrp uid0="{post.uid}" uid1="{ROOM}" id="{ROOM}"/>'
    detail = (
        f'<__chat parent="RootContactGroup" groupOwner="false" messageId="{number}" chatroom="{ROOM}" '
        f'id="{ROOM}" senderCallsign="{post.callsign}">{members}</__chat>'
        f'<link uid="{post.uid}" type="{_POST_TYPE}" relation="p-p"/>'
        f'<remarks source="BAO.F.ATAK.{post.uid}" to="{ROOM}" time="{instant.write(now)}">'
        f"{escape(text)}</remarks>"
    )
    uid = f"GeoChat.{post.uid}.{ROOM}.{number}"
    return _event(uid, "b-t-f", now, _CHAT_STALE_MS, _at(post.place), detail, how="h-g-i-g-o")


def alert(unit: Unit, state: State, now: int, stale_ms: int, *, cancels: bool) -> bytes:
    """Write that a unit raises an emergency, or cancels it."""
    what = 'cancel="true"' if cancels else 'type="911 Alert"'
    detail = (
        f'<link uid="{unit.uid}" type="{unit.role.cot_type}" relation="p-p"/>'
        f'<contact callsign="{unit.callsign}-Alert"/><emergency {what}>{unit.callsign}</emergency>'
        f"<remarks>{escape(REMARKS)}: an exercise, no emergency</remarks>"
    )
    cot_type = "b-a-o-can" if cancels else "b-a-o-tbl"
    return _event(
        f"{unit.uid}-9-1-1", cot_type, now, stale_ms, (state.lat, state.lon), detail,
        how="h-e", label=_label(unit), accuracy=10.0,
    )  # fmt: skip


def marker(post: Post, place: Stop, now: int, stale_ms: int) -> bytes:
    """Write a point that a command post has set on the map."""
    detail = (
        f'<contact callsign="DEMO {post.nation} meeting point"/><color argb="-16711936"/>'
        '<usericon iconsetpath="COT_MAPPING_SPOTMAP/b-m-p-s-m/-16711936"/>'
        f'<link uid="{post.uid}" type="{_POST_TYPE}" parent_callsign="{post.callsign}" relation="p-p" '
        f'production_time="{instant.write(now)}"/><remarks>{escape(REMARKS)}: meeting point</remarks>'
    )
    uid = f"vallum-demo-{post.nation}-meeting-point"
    return _event(uid, "b-m-p-s-m", now, stale_ms, _at(place), detail, how="h-g-i-g-o")


def video(unit: Unit, state: State, now: int, stale_ms: int) -> bytes:
    """Write where a drone's camera looks from, with the address of a video that no one sends."""
    uid, path = f"{unit.uid}-video", f"/{unit.uid}"
    detail = (
        f'<contact callsign="{unit.callsign} VIDEO"/>'
        f'<sensor azimuth="{state.course:.0f}" elevation="-20" fov="45" vfov="34" range="800" '
        'model="invented"/>'
        f'<__video uid="{uid}" url="rtsp://{VIDEO_HOST}:8554{path}"><ConnectionEntry uid="{uid}" '
        f'alias="{unit.callsign} VIDEO" protocol="rtsp" address="{VIDEO_HOST}" port="8554" path="{path}" '
        'networkTimeout="12000" bufferTime="-1" rtspReliable="0" roverPort="-1" '
        'ignoreEmbeddedKLV="false"/></__video>'
        f"<remarks>{escape(REMARKS)}: a camera without a picture</remarks>"
    )
    return _event(
        uid, "b-m-p-s-p-loc", now, stale_ms, (state.lat, state.lon), detail,
        how="m-g", label=_label(unit), height=unit.role.height, accuracy=10.0,
    )  # fmt: skip


def _label(unit: Unit) -> str:
    """Return the attributes that say who may see it."""
    access = f' access="{unit.role.access}"' if unit.role.access else ""
    named = f' releasableTo="{" ".join(unit.releasable_to)}"' if unit.releasable_to else ""
    return access + named


def _at(place: Stop) -> tuple[float, float]:
    return place.lat, place.lon


def _event(
    uid: str,
    cot_type: str,
    now: int,
    stale_ms: int,
    where: tuple[float, float],
    detail: str,
    *,
    how: str,
    label: str = "",
    height: float | None = None,
    accuracy: float = _UNKNOWN,
) -> bytes:
    time = instant.write(now)
    hae = _UNKNOWN if height is None else height
    return (
        f'<event version="2.0" uid="{uid}" type="{cot_type}" how="{how}" time="{time}" start="{time}" '
        f'stale="{instant.write(now + stale_ms)}"{label}><point lat="{where[0]:.6f}" lon="{where[1]:.6f}" '
        f'hae="{hae:.1f}" ce="{accuracy:.1f}" le="{_UNKNOWN:.1f}"/><detail>{detail}</detail></event>'
    ).encode()
