"""Connection data packages: one zip that a device imports to reach the hub.

Facts from ATAK's public sources and from what servers in the field write; the words and the code are ours.

ATAK and WinTAK
    ``MANIFEST/manifest.xml`` (MissionPackageManifest, version 2), the stores under ``certs/``, the
    preferences under ``prefs/``. The device copies stores into its own folder ``cert``, which the
    preferences name. A stream's own keys end with its number (``caLocation0``); those without are what older
    devices read.
iTAK
    Everything at the root of the zip, ``manifest.xml`` and ``config.pref`` by these names, keys without a
    number.

WinTAK keeps the stores of all servers in one folder and takes one of the same name for the other's, so every
name holds the host.
"""

import io
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from xml.etree import ElementTree as ET

from vallum.core.errors import BadInput

__all__ = ["Connection", "android_package", "iphone_package", "no_ipv6", "profile"]

PREFERENCES: Final = "com.atakmap.app_preferences"
STREAMS: Final = "cot_streams"
#: Whatever the zip's own folders are called, a device keeps the stores here.
KEPT_IN: Final = "cert"

Value = str | int | bool
CLASSES: Final = {
    str: "class java.lang.String",
    int: "class java.lang.Integer",
    bool: "class java.lang.Boolean",
}


@dataclass(frozen=True, slots=True)
class Connection:
    """What a device needs to reach a hub.

    Parameters
    ----------
    host : str
        DNS name or IPv4 address of the hub.
    port : int
        Of its TLS listener.
    client : str
        Prefix of the client store's name, plain ASCII.
    label : str
        What the package is called on the device.
    password : str
        Of both stores.
    client_store, trust_store : bytes
        The PKCS#12 files.
    identity : str
        Hexadecimal fingerprint of the certificate, from which the package's identifier follows.
    """

    host: str
    port: int
    client: str
    label: str
    password: str
    client_store: bytes
    trust_store: bytes
    identity: str

    def __post_init__(self) -> None:
        """Refuse an IPv6 address, whose colons the connect string has no room for."""
        if ":" in self.host:
            raise no_ipv6(self.host)

    @property
    def uid(self) -> str:
        """Identifier of the package."""
        return str(uuid.UUID(self.identity[:32]))

    @property
    def client_file(self) -> str:
        """Name of the client store."""
        return f"{self.client}-{self.host}.p12"

    @property
    def trust_file(self) -> str:
        """Name of the trust store."""
        return f"truststore-{self.host}.p12"


def no_ipv6(host: str) -> BadInput:
    """Return what is said of an IPv6 address."""
    return BadInput(
        "devices split host and port at a colon, so nothing that they read can hold an IPv6 address",
        f"host {host}",
        "connect string",
        "Give a DNS name or an IPv4 address with --connect.",
    )


def android_package(connection: Connection, now: datetime) -> bytes:
    """Return the package for ATAK and WinTAK as a zip."""
    files = {
        "prefs/preference.pref": _preferences(connection, numbered=True),
        f"certs/{connection.trust_file}": connection.trust_store,
        f"certs/{connection.client_file}": connection.client_store,
    }
    return _zipped(
        {"MANIFEST/manifest.xml": _manifest(connection.uid, connection.label, files), **files}, now
    )


def iphone_package(connection: Connection, now: datetime) -> bytes:
    """Return the package for iTAK as a zip."""
    files = {
        "config.pref": _preferences(connection, numbered=False),
        connection.trust_file: connection.trust_store,
        connection.client_file: connection.client_store,
    }
    return _zipped({"manifest.xml": _manifest(connection.uid, connection.label, files), **files}, now)


def profile(host: str, port: int, label: str, now: datetime) -> bytes:
    """Return the package that tells a device which has just enrolled where the stream is."""
    files = {"prefs/stream.pref": _written({STREAMS: _stream(host, port, label)})}
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{host}:{port}"))
    return _zipped({"MANIFEST/manifest.xml": _manifest(identity, label, files), **files}, now)


def _preferences(connection: Connection, *, numbered: bool) -> bytes:
    stores: dict[str, Value] = {
        "caLocation": f"{KEPT_IN}/{connection.trust_file}",
        "caPassword": connection.password,
        "certificateLocation": f"{KEPT_IN}/{connection.client_file}",
        "clientPassword": connection.password,
    }
    stream = _stream(connection.host, connection.port, connection.label)
    if numbered:
        stream |= {f"{key}0": value for key, value in stores.items()}
    return _written({STREAMS: stream, PREFERENCES: {"displayServerConnectionWidget": True, **stores}})


def _stream(host: str, port: int, label: str) -> dict[str, Value]:
    return {
        "count": 1,
        "description0": label,
        "enabled0": True,
        "connectString0": f"{host}:{port}:ssl",
    }


def _written(groups: Mapping[str, Mapping[str, Value]]) -> bytes:
    root = ET.Element("preferences")
    for name, entries in groups.items():
        group = ET.SubElement(root, "preference", version="1", name=name)
        for key, value in entries.items():
            entry = ET.SubElement(group, "entry", {"key": key, "class": CLASSES[type(value)]})
            entry.text = str(value).lower() if isinstance(value, bool) else str(value)
    return _xml(root)


def _manifest(identity: str, label: str, files: Mapping[str, bytes]) -> bytes:
    root = ET.Element("MissionPackageManifest", version="2")
    configuration = ET.SubElement(root, "Configuration")
    for name, value in {
        "uid": identity,
        "name": label,
        "onReceiveImport": "true",
        # The zip holds the key and its password; the device needs it no longer once it is imported.
        "onReceiveDelete": "true",
    }.items():
        ET.SubElement(configuration, "Parameter", name=name, value=value)
    contents = ET.SubElement(root, "Contents")
    for file in files:
        ET.SubElement(contents, "Content", ignore="false", zipEntry=file)
    return _xml(root)


def _xml(root: ET.Element) -> bytes:
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written + b"\n"


def _zipped(files: Mapping[str, bytes], now: datetime) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, now.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(entry, content)
    return stream.getvalue()
