"""The messages of TAK protocol version 1, built when this module is imported.

Field numbers and types are facts of the protocol: ``takmessage.proto`` and its parts in ATAK-CIV; TAK Server
adds `submissionTime`, `creationTime`, `caveat` and `releaseableTo`. The messages live in a pool of their own:
another package may declare the same ones in this process.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

# Message, field, number, type.
MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "TakMessage": {
        "takControl": (1, "TakControl"),
        "cotEvent": (2, "CotEvent"),
        "submissionTime": (3, "uint64"),
        "creationTime": (4, "uint64"),
    },
    "TakControl": {
        "minProtoVersion": (1, "uint32"),
        "maxProtoVersion": (2, "uint32"),
        "contactUid": (3, "string"),
    },
    "CotEvent": {
        "type": (1, "string"),
        "access": (2, "string"),
        "qos": (3, "string"),
        "opex": (4, "string"),
        "uid": (5, "string"),
        "sendTime": (6, "uint64"),
        "startTime": (7, "uint64"),
        "staleTime": (8, "uint64"),
        "how": (9, "string"),
        "lat": (10, "double"),
        "lon": (11, "double"),
        "hae": (12, "double"),
        "ce": (13, "double"),
        "le": (14, "double"),
        "detail": (15, "Detail"),
        "caveat": (16, "string"),
        "releaseableTo": (17, "string"),
    },
    "Detail": {
        "xmlDetail": (1, "string"),
        "contact": (2, "Contact"),
        "group": (3, "Group"),
        "precisionLocation": (4, "PrecisionLocation"),
        "status": (5, "Status"),
        "takv": (6, "Takv"),
        "track": (7, "Track"),
    },
    "Contact": {"endpoint": (1, "string"), "callsign": (2, "string")},
    "Group": {"name": (1, "string"), "role": (2, "string")},
    "PrecisionLocation": {"geopointsrc": (1, "string"), "altsrc": (2, "string")},
    "Status": {"battery": (1, "uint32")},
    "Takv": {
        "device": (1, "string"),
        "platform": (2, "string"),
        "os": (3, "string"),
        "version": (4, "string"),
    },
    "Track": {"speed": (1, "double"), "course": (2, "double")},
}

# Element of <detail> and the field of Detail that may carry it; attributes and fields have the same names.
ELEMENTS = {
    "contact": "contact",
    "__group": "group",
    "precisionlocation": "precisionLocation",
    "status": "status",
    "takv": "takv",
    "track": "track",
}

_PACKAGE = "vallum.takproto.v1"
_SCALARS = {
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "double": descriptor_pb2.FieldDescriptorProto.TYPE_DOUBLE,
    "uint32": descriptor_pb2.FieldDescriptorProto.TYPE_UINT32,
    "uint64": descriptor_pb2.FieldDescriptorProto.TYPE_UINT64,
}


def _message_class(name: str) -> Any:
    """Build the class; its fields are known at run time only, hence Any."""
    file = descriptor_pb2.FileDescriptorProto(name="vallum/takproto.proto", package=_PACKAGE, syntax="proto3")
    for message, fields in MESSAGES.items():
        declared = file.message_type.add(name=message)
        for field, (number, kind) in fields.items():
            entry = declared.field.add(
                name=field, number=number, label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
            )
            if kind in _SCALARS:
                entry.type = _SCALARS[kind]
            else:
                entry.type = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
                entry.type_name = f".{_PACKAGE}.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


TakMessage = _message_class("TakMessage")
