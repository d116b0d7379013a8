"""What a hub remembers of a mesh: who is on it, what each of them reads, and which datagrams went by.

The rule of the protocol: everyone says at least once a minute which versions it decodes; the highest that all
known contacts decode is spoken; who has not been heard for two minutes is forgotten. A contact that sends XML
and says nothing of versions decodes XML only.
"""

from dataclasses import dataclass
from hashlib import blake2b

from vallum.hub.rate import Bucket

KEEP_S = 120.0
"""How long a contact that is not heard any more is remembered."""
REPEAT_S = 10.0
"""How long a datagram is remembered."""

_CONTACTS = 4_096
_DATAGRAMS = 65_536
_SOURCES = 1_024
_BUSY_SOURCES = 16

Address = tuple[str, int]


@dataclass(slots=True)
class _Contact:
    seen: float
    reads_version_1: bool
    has_said: bool = False


class Contacts:
    """Who is on the mesh."""

    def __init__(self) -> None:
        self._contacts: dict[str, _Contact] = {}
        self._announced: dict[Address, float] = {}
        self._only_xml: set[str] = set()

    def __contains__(self, uid: str) -> bool:
        return uid in self._contacts

    @property
    def read_version_1(self) -> bool:
        """Whether all of them decode version 1 of TAK protocol."""
        return not self._only_xml

    def said(self, uid: str, address: Address, now: float, *, reads_version_1: bool) -> None:
        """Note what a sender says of itself.

        Parameters
        ----------
        uid : str
            Its uid, empty if it does not say.
        address : (str, int)
            Where it sends from.
        now : float
            Monotonic clock, s.
        reads_version_1 : bool
            Whether it decodes version 1.
        """
        if reads_version_1:
            self._announced.pop(address, None)
            self._announced[address] = now
            if len(self._announced) > _CONTACTS:
                del self._announced[next(iter(self._announced))]
        if uid:
            self._put(uid, _Contact(now, reads_version_1, has_said=True))

    def heard(self, uid: str, address: Address, now: float, *, in_version_1: bool) -> None:
        """Note that an event in which a contact presents itself has come.

        Parameters
        ----------
        uid : str
            The contact's uid.
        address : (str, int)
            Where it came from. A sender that decodes version 1 and sends XML, since another contact needs
            that, may present contacts that say nothing themselves: for them its word counts.
        now : float
            Monotonic clock, s.
        in_version_1 : bool
            Whether it was sent in version 1.
        """
        known = self._contacts.get(uid)
        if known is not None and known.has_said:
            self._put(uid, _Contact(now, known.reads_version_1, has_said=True))
        else:
            self._put(uid, _Contact(now, in_version_1 or address in self._announced))

    def forget(self, now: float) -> list[str]:
        """Let go of those who have not been heard for long, and return their uids."""
        gone = []
        for uid, contact in self._contacts.items():
            if now - contact.seen <= KEEP_S:
                break
            gone.append(uid)
        for uid in gone:
            self._drop(uid)
        while self._announced and now - next(iter(self._announced.values())) > KEEP_S:
            del self._announced[next(iter(self._announced))]
        return gone

    def _put(self, uid: str, contact: _Contact) -> None:
        """Put the contact at the end: they lie in the order in which they were heard."""
        self._drop(uid)
        self._contacts[uid] = contact
        if not contact.reads_version_1:
            self._only_xml.add(uid)
        if len(self._contacts) > _CONTACTS:
            self._drop(next(iter(self._contacts)))

    def _drop(self, uid: str) -> None:
        self._contacts.pop(uid, None)
        self._only_xml.discard(uid)


class Passed:
    """Datagrams that went by a short time ago, in either direction.

    A datagram comes twice where two interfaces hear the same mesh; and what one hub relays, another that is
    on a second mesh with it would bring back.
    """

    def __init__(self) -> None:
        self._digests: dict[bytes, float] = {}

    def is_new(self, datagram: bytes, now: float) -> bool:
        """Whether a datagram did not go by; from now on it did.

        Parameters
        ----------
        datagram : bytes
            All of it.
        now : float
            Monotonic clock, s.
        """
        digests = self._digests
        while digests:
            oldest = next(iter(digests))
            if now - digests[oldest] <= REPEAT_S and len(digests) < _DATAGRAMS:
                break
            del digests[oldest]
        digest = blake2b(datagram, digest_size=16).digest()
        if digest in digests:
            return False
        digests[digest] = now
        return True


class Rates:
    """How fast datagrams may come: from each address, and from all of them.

    Parameters
    ----------
    events_per_s, burst : float
        Datagrams a second from one address, and at once.
    bytes_per_s : float
        Bytes a second from one address; four seconds' worth at once.
    """

    def __init__(self, events_per_s: float, burst: float, bytes_per_s: float) -> None:
        self._each = (events_per_s, burst), (bytes_per_s, 4 * bytes_per_s)
        # Addresses of datagrams can be made up, so that all together are bounded, too.
        self._all = Bucket(events_per_s * _BUSY_SOURCES, burst * _BUSY_SOURCES)
        self._sources: dict[str, tuple[Bucket, Bucket]] = {}

    def allow(self, host: str, size: int, now: float) -> bool:
        """Whether a datagram may come in; one that may not costs its sender nothing.

        Parameters
        ----------
        host : str
            Where it comes from.
        size : int
            Bytes.
        now : float
            Monotonic clock, s.
        """
        source = self._sources.get(host)
        if source is None:
            if len(self._sources) >= _SOURCES:
                del self._sources[next(iter(self._sources))]
            (rate, burst), (bytes_rate, bytes_burst) = self._each
            source = self._sources[host] = Bucket(rate, burst), Bucket(bytes_rate, bytes_burst)
        events, volume = source
        taken: list[tuple[Bucket, int]] = []
        for bucket, tokens in ((events, 1), (volume, size), (self._all, 1)):
            taken.append((bucket, tokens))
            if bucket.take(tokens, now) > 0:
                for paid, back in taken:
                    paid.take(-back, now)
                return False
        return True
