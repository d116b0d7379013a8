"""From a message to the XML of its event."""

import re
from xml.parsers import expat

from vallum.core import instant
from vallum.wire.takproto.decoding import Message
from vallum.wire.takproto.errors import Malformed

_SPECIAL = re.compile('[&<>"\x00-\x1f\ufffe\uffff]')
_REFERENCES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}


def to_xml(message: Message) -> bytes:
    """Write the event of a message as XML.

    Parameters
    ----------
    message : Message
        One that holds an event.

    Returns
    -------
    bytes
        ``<event …><point …/><detail>…</detail></event>`` in UTF-8, without a declaration. In ``<detail>`` the
        typed elements come first, then `detail_xml` verbatim. An element at its top level overrides the typed
        one of the same name (a rule of the protocol). ``releaseableTo`` is spelled as TAK spells it.

    Raises
    ------
    Malformed
        If the message holds no event, `detail_xml` is not well-formed between ``<detail>`` and ``</detail>``
        (so that ``</detail></event><event>`` cannot pass as two events), or an attribute holds a character
        that XML cannot carry.

    Notes
    -----
    Everything in the message is the peer's word. The caller parses the result as it parses any other event,
    takes exactly one root, and finds there what this function does not look at: ranges, depth, sizes.
    """
    if not message.has_event:
        raise Malformed("the message holds no event")
    texts = [
        message.uid,
        message.type,
        message.how,
        message.access,
        message.qos,
        message.opex,
        message.caveat,
        message.releasable_to,
    ]
    if _SPECIAL.search("".join(texts)):
        texts = [_escape(text) for text in texts]
    uid, kind, how, *others = texts
    sent = instant.write(message.time)
    start = sent if message.start == message.time else instant.write(message.start)
    optional = "".join(
        f' {name}="{text}"'
        for name, text in zip(("access", "qos", "opex", "caveat", "releaseableTo"), others, strict=True)
        if text
    )
    fragment = message.detail_xml or ""
    typed = message.typed
    overriding = _check_fragment(fragment, [name for name in typed if f"<{name}" in fragment])
    return (
        f'<event version="2.0" uid="{uid}" type="{kind}" time="{sent}" start="{start}" '
        f'stale="{instant.write(message.stale)}" how="{how}"{optional}>'
        f'<point lat="{message.lat!r}" lon="{message.lon!r}" hae="{message.hae!r}" ce="{message.ce!r}" '
        f'le="{message.le!r}"/><detail>'
        f"{''.join([_element(name, typed[name]) for name in typed if name not in overriding])}"
        f"{fragment}</detail></event>"
    ).encode()


def _check_fragment(fragment: str, suspects: list[str]) -> set[str]:
    """Refuse what is not well-formed within one element; return the suspects at its top level."""
    at_top: set[str] = set()
    if not fragment:
        return at_top
    parser = expat.ParserCreate("utf-8")
    if suspects:
        depth = 0

        def start(name: str, _: dict[str, str]) -> None:
            nonlocal depth
            depth += 1
            if depth == 2 and name in suspects:
                at_top.add(name)

        def end(_: str) -> None:
            nonlocal depth
            depth -= 1

        parser.StartElementHandler = start
        parser.EndElementHandler = end
    try:
        parser.Parse(f"<detail>{fragment}</detail>".encode(), True)
    except expat.ExpatError as error:
        at = parser.ErrorByteIndex - len("<detail>")
        raise Malformed(
            f"xmlDetail is not well-formed at its byte {at}: {expat.ErrorString(error.code)}"
        ) from None
    return at_top


def _element(name: str, attributes: dict[str, str]) -> str:
    stated = "".join([f' {key}="{_escape(value)}"' for key, value in attributes.items()])
    return f"<{name}{stated}/>"


def _escape(text: str) -> str:
    return _SPECIAL.sub(_reference, text) if _SPECIAL.search(text) else text


def _reference(match: re.Match[str]) -> str:
    reference = _REFERENCES.get(match[0])
    if reference is None:
        character = f"U+{ord(match[0]):04X}"
        raise Malformed(
            f"an attribute holds {character}, which XML cannot carry, at character {match.start()}"
        )
    return reference
