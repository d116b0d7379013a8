"""The routes of files."""

from typing import Final

from vallum.hub.marti.answer import Answer
from vallum.hub.marti.files import changes, reading, uploads
from vallum.hub.marti.files.answers import Found, Limit, Metadata, Resource
from vallum.hub.marti.files.reading import ByHash, Fetch, Wanted
from vallum.hub.marti.files.uploads import Upload
from vallum.hub.marti.operation import Media, Operation

__all__ = ["OPERATIONS"]

_TEXT: Final = Media("text/plain")
_BYTES: Final = Media("application/octet-stream")
_ANY: Final = Media("*/*")
_FIELD: Final = "/Marti/api/sync/metadata/{hash}"
_ROOM: Final = (503, 507)

OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        "POST", "/Marti/sync/missionupload", uploads.upload_package, "Keep a data package", "files",
        query=Upload, body=Media("multipart/form-data"), answer=_TEXT, may="send", refuses=_ROOM,
    ),
    Operation(
        "POST", "/Marti/sync/upload", uploads.upload, "Keep a file", "files",
        query=Upload, body=_BYTES, answer=Media(uploads.TEXT_JSON), may="send", refuses=_ROOM,
    ),
    Operation(
        "GET", "/Marti/sync/missionquery", reading.find, "Where a body is", "files",
        query=ByHash, answer=_TEXT,
    ),
    Operation(
        "GET", "/Marti/sync/content", reading.content, "A body, or ranges of it", "files",
        query=Fetch, answer=_ANY, also=(206, 304), refuses=(416,),
    ),
    Operation(
        "GET", "/Marti/sync/search", reading.search, "Files, the newest first", "files",
        query=Wanted, answer=Found,
    ),
    Operation(
        "GET", "/Marti/sync/{hash}/metadata", reading.one, "What is known of a file", "files",
        answer=Metadata,
    ),
    Operation(
        "DELETE", "/Marti/sync/delete", changes.delete, "Delete a file of one's own", "files",
        query=ByHash, may="send",
    ),
    Operation(
        "GET", "/Marti/api/sync/search", reading.list_resources, "Files, the newest first", "files",
        query=Wanted, answer=Answer[list[Resource]],
    ),
    Operation(
        "PUT", f"{_FIELD}/tool", changes.set_tool, "Say who a file is for: public or private", "files",
        body=_TEXT, may="send",
    ),
    Operation(
        "PUT", f"{_FIELD}/mimetype", changes.set_media_type, "Say what a file is", "files",
        body=_TEXT, may="send",
    ),
    Operation(
        "PUT", f"{_FIELD}/keywords", changes.set_keywords, "Say under which words a file is found", "files",
        body=list[str], may="send",
    ),
    Operation(
        "PUT", f"{_FIELD}/expiration", changes.set_expiration, "Say when a file is let go", "files",
        query=changes.Expires, may="send",
    ),
    Operation(
        "GET", "/Marti/api/files/metadata", reading.list_resources, "Files, the newest first", "files",
        query=Wanted, answer=Answer[list[Resource]],
    ),
    Operation(
        "GET", "/Marti/api/files/metadata/count", reading.count, "How many files there are", "files",
        answer=Answer[int],
    ),
    Operation(
        "DELETE", "/Marti/api/files/{hash}", changes.delete_named, "Delete a file", "files", may="send",
    ),
    Operation(
        "GET", "/files/api/config", reading.configuration, "How large a file may be", "files", answer=Limit,
    ),
)  # fmt: skip
