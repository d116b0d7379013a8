"""TAK protocol version 1: framing on streams and on the mesh, and Cursor on Target as protocol buffers.

The negotiation (``takp_v``, ``takp_q``, ``takp_r``) is spoken in XML and is no part of this codec.
"""

from vallum.wire.takproto.decoding import Message, decode
from vallum.wire.takproto.encoding import Child, encode
from vallum.wire.takproto.errors import Limits, Malformed
from vallum.wire.takproto.framing import StreamFramer, mesh_frame, mesh_payload, stream_frame
from vallum.wire.takproto.rendering import to_xml

__all__ = [
    "Child",
    "Limits",
    "Malformed",
    "Message",
    "StreamFramer",
    "decode",
    "encode",
    "mesh_frame",
    "mesh_payload",
    "stream_frame",
    "to_xml",
]
