"""What can be wrong with a stream of events, and how much of anything is taken."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds on what a peer may send in one event.

    Parameters
    ----------
    size : int
        Bytes of one document.
    depth : int
        Elements within elements.
    elements : int
        Elements in one document.
    attributes : int
        Attributes of one element.
    uid : int
        Characters of a uid.
    """

    size: int = 1 << 20
    depth: int = 64
    elements: int = 20_000
    attributes: int = 128
    uid: int = 512


class Malformed(ValueError):
    """Bytes that are no Cursor on Target.

    Parameters
    ----------
    message : str
        What is wrong and where, without the content itself.
    fatal : bool
        Whether the place of the next event in the stream is lost, too.
    """

    def __init__(self, message: str, *, fatal: bool = False) -> None:
        super().__init__(message)
        self.fatal = fatal


class TooLarge(Malformed):
    """One of the limits is exceeded."""
