"""From an admitted event to the outboxes of those who may see it. One synchronous chain, without a socket."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from vallum.core.principal import Principal
from vallum.hub.cohort import Cohort
from vallum.hub.counters import Counters
from vallum.hub.listening import Clients, Missions, Recorder, Transfers
from vallum.hub.mailbox import Mailbox
from vallum.hub.outbox import DISCONNECTED
from vallum.hub.parcel import Format, Parcel
from vallum.hub.session import Identity, Link, Session, Sighting
from vallum.picture import Audience, Audiences, Event, Kind, Picture, View, sees
from vallum.picture.stale import ClockSkew
from vallum.wire import cot

log = structlog.get_logger("vallum.hub")

GROUPS_CHANGED = "t-x-g-c"
PING = "t-x-c-t"
PONG = "t-x-c-t-r"
TRANSFER = "b-f-t-r"
_IDENTITIES = 256
_NAMES = 1024
_NOTICE_UID = 400


@dataclass(frozen=True, slots=True)
class Settings:
    """How the router treats its sessions.

    Parameters
    ----------
    outbox_bytes : int
        What may wait for a reader whose connection is full before it is cut.
    patience_s : float
        How long a reader may stay behind before it is cut, s.
    catch_up_bytes : int
        What is taken out of an outbox at a time.
    newcomer_chat_ms : int
        How far back a client that was never seen is sent chat, milliseconds.
    skew : ClockSkew
        What is done about clocks that disagree.
    """

    outbox_bytes: int = 1 << 20
    patience_s: float = 20.0
    catch_up_bytes: int = 1 << 18
    newcomer_chat_ms: int = 3_600_000
    skew: ClockSkew = field(default_factory=ClockSkew)


class Router:
    """The hub without its sockets.

    Parameters
    ----------
    audiences : Audiences
        The policy in force.
    settings : Settings
        Limits.
    clock : callable
        Returns milliseconds since 1970-01-01T00:00Z.
    monotonic : callable
        Returns seconds of a clock that never jumps.
    recorder : Recorder, optional
        The journal.
    wake : callable, optional
        Called when something waits for the next flush.
    """

    def __init__(
        self,
        audiences: Audiences,
        settings: Settings | None = None,
        *,
        clock: Callable[[], int],
        monotonic: Callable[[], float],
        recorder: Recorder | None = None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self.audiences = audiences
        self.settings = settings or Settings()
        self.clock = clock
        self.monotonic = monotonic
        self.recorder = recorder
        self.missions: Missions | None = None
        self.clients: Clients | None = None
        self.transfers: Transfers | None = None
        self.wake = wake
        self.counters = Counters()
        self.picture: Picture[Parcel] = Picture()
        self.stopping = False
        """Whether sessions end because the hub does: their clients are not gone, and nobody is told so."""
        self.sessions: set[Session] = set()
        self.mailbox = Mailbox(self.settings.newcomer_chat_ms)
        self._fresh: list[Event] = []
        """Events that came since the last flush."""
        self._cohorts: dict[tuple[View, Format], Cohort] = {}
        self._reached: dict[Audience, tuple[Cohort, ...]] = {}
        self._named: dict[str, set[Session]] = {}
        self._known_as: dict[str, set[Session]] = {}
        self._orders = itertools.count(1)

    # Who is there

    def join(self, link: Link, principal: Principal, form: Format, place: str) -> Session:
        """Let a peer in; at the next flush it is sent the current picture."""
        view = self.audiences.view(principal)
        session = Session(link, principal, view, form, place, self.settings.outbox_bytes)
        switched = self.clients.groups(principal, "") if self.clients is not None else None
        if switched is not None:
            self._switch(session, *switched)
            view = session.view = self.audiences.view(principal, session.groups_out)
        self.sessions.add(session)
        self.counters.sessions += 1
        self._cohort(view, form).joining.append(session)
        self.wake()
        return session

    def leave(self, session: Session, *, clean: bool) -> None:
        """Let a peer go, and tell those who saw it.

        Parameters
        ----------
        session : Session
            The peer; one that has left already is passed over.
        clean : bool
            Whether it said goodbye, so that what it was sent counts as arrived.
        """
        if session not in self.sessions:
            return
        self.sessions.discard(session)
        self._drop_from_cohort(session)
        session.attached = False
        self.counters.replaced += session.outbox.replaced
        heard = session.chat_seen if clean and not session.outbox.size else session.chat_heard
        now = self.clock()
        # In an order that does not tell which uid was used first where the reader could not see it.
        for _, identity in sorted(session.identities.items()):
            _let_go(self._named, identity.uid, session)
            _let_go(self._named, identity.callsign, session)
            self.mailbox.remember(session.principal, identity.uid, heard)
            if not self.stopping:
                if self.clients is not None:
                    self.clients.left(session, identity)
                self._announce_gone(session, identity, now)
        for name in session.names:
            _let_go(self._known_as, name, session)
        session.outbox.clear()

    def forget(self, session: Session, uid: str) -> None:
        """Send a session no more of what is addressed to a uid that it spoke for."""
        identity = session.identities.pop(uid, None)
        if identity is not None:
            _let_go(self._named, identity.uid, session)
            _let_go(self._named, identity.callsign, session)

    def switch(self, session: Session, form: Format, farewell: bytes) -> None:
        """Change what a session reads.

        Parameters
        ----------
        session : Session
            The session.
        form : Format
            The new format.
        farewell : bytes
            The last message in the old one; what waits for the session goes out before it.
        """
        self._cohort(session.view, session.form).flush(self.monotonic())
        session.write_all(farewell)
        self._move(session, session.view, form)

    def set_groups(
        self, session: Session, groups_in: frozenset[str], groups_out: frozenset[str], by: str = ""
    ) -> None:
        """Switch groups of a session on and off, within those its principal has.

        Parameters
        ----------
        session : Session
            The session.
        groups_in, groups_out : frozenset of str
            Those that are on.
        by : str
            Uid of the client that asked for it: it passes over a notice that holds its own uid.
        """
        self._switch(session, groups_in, groups_out)
        view = self.audiences.view(session.principal, session.groups_out)
        self._cohort(session.view, session.form).flush(self.monotonic())
        self._move(session, view, session.form)
        cohort = self._cohort(view, session.form)
        if session in cohort.sessions:
            shown = self.picture.seen_by(view, self.clock())
            parts = [parcel.encoded(session.form) for parcel in shown]
            self.counters.delivered += cohort.welcome(session, shown, parts, self.monotonic())
        uid = f"groups.{by[:_NOTICE_UID]}" if by else "groups"
        self.whisper(session, cot.event(uid, GROUPS_CHANGED, self.clock(), detail='<link relation="p-p"/>'))

    # What comes in

    def receive(self, session: Session, event: Event) -> None:
        """Take an event from a session: answer it, refuse it, or pass it on."""
        session.received += 1
        if not session.outbox.size:
            session.chat_heard = session.chat_seen
        self.counters.received += 1
        if event.kind is Kind.CONTROL:
            self._control(session, event)
            return
        principal = session.principal
        if event.is_self and event.uid not in session.identities and len(session.identities) < _IDENTITIES:
            self._recall_groups(session, event.uid)  # before it can be seen in those it had switched off
        reason = self.audiences.policy.refusal(principal, event.type, event.names)
        now = self.clock()
        if not reason and self.settings.skew.skewed(event, now):
            self.counters.skewed += 1
            refused = self.settings.skew.refuse and event.kind is not Kind.ALERT
            reason = "clock skew" if refused else ""
        if reason:
            if event.is_self and not principal.may_send:
                self._identify(session, event)  # a viewer can be addressed
            else:
                self.refuse(session, reason)
            return
        audience = self.audiences.of(event, principal.nation, session.groups_in)
        parcel = Parcel(event, audience, now, session.number, principal.nation)
        if event.is_self:
            identity = self._identify(session, event)
            if identity is not None and not event.personal:
                sighting = Sighting(event.type, session.groups_in, event.callsign, next(self._orders), parcel)
                news = identity.note(audience, sighting)
                if news and self.clients is not None:
                    self.clients.came(session, identity, audience)
                self._note_names(session, event)
        # What a chat states itself: who gets it back must not depend on what else its sender sent.
        sender = event.author if event.kind is Kind.CHAT else next(iter(session.identities), "")
        self.keep(parcel, sender)
        self._send(parcel, session)
        if self.recorder is not None:
            self.recorder.append(parcel, principal, session.groups_in, sender)
        self._fresh.append(event)

    def refuse(self, session: Session, reason: str) -> None:
        """Count and log an event that is not taken."""
        self.counters.refused[reason] += 1
        count = session.refusals[reason] = session.refusals.get(reason, 0) + 1
        if count & (count - 1) == 0:  # the first, and then ever more rarely
            log.warning(
                "event refused",
                session=session.number,
                name=session.principal.name,
                reason=reason,
                count=count,
            )

    def _control(self, session: Session, event: Event) -> None:
        if event.type == PING:
            self.whisper(session, cot.event(event.uid, PONG, self.clock(), stale_after=20_000))
        elif event.type == DISCONNECTED and session.principal.may_send:
            self._delete(session, event)

    def _delete(self, session: Session, event: Event) -> None:
        """Take out of the picture what a client of the same nation put there, and tell who saw it."""
        uid = (event.detail("link") or {}).get("uid", "")
        if self._shown_live(session, uid):  # a client that is there is not deleted by others
            return
        now, told = self.clock(), set[Cohort]()
        for audience, kept in self.picture.find(uid):
            mine = kept.nation == session.principal.nation and sees(session.view, audience)
            if not mine or kept.event.kind is not Kind.LATEST:
                continue
            self.picture.drop(uid, audience)
            # The hub's own words: what else the sender's say has passed no rule.
            notice = _gone(uid, kept.event.type, now, "<__forcedelete/>")
            parcel = Parcel(notice, audience, now, session.number, kept.nation)
            for cohort in self._cohorts_for(audience):
                if cohort not in told:
                    cohort.batch.append(parcel)
                told.add(cohort)
            if self.recorder is not None:
                self.recorder.append(parcel, session.principal, session.groups_in, uid)
        self.wake()

    def _shown_live(self, session: Session, uid: str) -> bool:
        """Whether a session may see that a client of this uid is there; what it may not see counts not."""
        for other in self._named.get(uid, ()):
            identity = other.identities.get(uid)
            if identity is not None and any(sees(session.view, audience) for audience in identity.seen):
                return True
        return False

    def _send(self, parcel: Parcel, sender: Session) -> None:
        event = parcel.event
        if event.addresses and self._direct(parcel, sender):
            return
        if event.kind is Kind.ALERT:
            now = self.monotonic()
            for cohort in self._cohorts_for(parcel.audience):
                self.counters.delivered += cohort.send([parcel], now)
            self.wake()
            return
        for cohort in self._cohorts_for(parcel.audience):
            cohort.batch.append(parcel)
        self.wake()

    def keep(self, parcel: Parcel, sender: str) -> None:
        """Put an event into the picture or among the chat, without sending it.

        Parameters
        ----------
        parcel : Parcel
            The event.
        sender : str
            Uid of the client that sent it, empty if it is not known.
        """
        event = parcel.event
        if event.kind is Kind.CHAT:
            said = self.mailbox.conversation
            parcel.sequence = said.put(event, parcel.audience, sender, parcel.received, parcel)
        elif event.kind in (Kind.LATEST, Kind.ALERT) and not event.personal:
            expires = self.settings.skew.expires(event, parcel.received)
            self.picture.put(event, parcel.audience, expires, parcel)

    # What goes out

    def flush(self) -> None:
        """Send everything that waits; the picture to those who joined."""
        now = self.monotonic()
        for key, cohort in list(self._cohorts.items()):
            if cohort.batch or cohort.direct:
                self.counters.delivered += cohort.flush(now)
            if cohort.joining:
                self._welcome(cohort, now)
            if cohort.empty:
                del self._cohorts[key]
                self._reached.clear()
        for event in self._fresh:
            event.lighten()
        self._fresh.clear()

    def sweep(self) -> None:
        """Let go of what is stale, and of readers that do not read. Called about once a second."""
        now = self.clock()
        self.picture.sweep(now)
        self.mailbox.conversation.sweep(now)
        monotonic = self.monotonic()
        for session in list(self.sessions):
            if session.lagging_since and session.moves():
                session.lagging_since = monotonic  # a thin line is none that has stopped
            if session.outbox.full:
                self.cut(session, "slow reader: outbox full")
            elif session.lagging_since and monotonic - session.lagging_since > self.settings.patience_s:
                self.cut(session, "slow reader: behind for too long")

    def cut(self, session: Session, reason: str) -> None:
        """End a session from the hub's side."""
        self.counters.cut[reason] += 1
        log.warning(
            "session cut", session=session.number, name=session.principal.name, reason=reason,
            waiting_bytes=session.outbox.size,
        )  # fmt: skip
        self.leave(session, clean=False)
        session.link.close(reason)

    def whisper(self, session: Session, xml: bytes) -> None:
        """Send a session something that is between it and the hub."""
        parcel = Parcel(Event.of_xml(xml), (), self.clock())
        session.deliver([parcel], parcel.encoded(session.form), self.monotonic())

    # Within

    def _cohort(self, view: View, form: Format) -> Cohort:
        cohort = self._cohorts.get((view, form))
        if cohort is None:
            cohort = self._cohorts[view, form] = Cohort(view, form)
            self._reached.clear()
        return cohort

    def _cohorts_for(self, audience: Audience) -> tuple[Cohort, ...]:
        reached = self._reached.get(audience)
        if reached is None:
            if len(self._reached) > 8192:
                self._reached.clear()
            reached = tuple(cohort for cohort in self._cohorts.values() if sees(cohort.view, audience))
            self._reached[audience] = reached
        return reached

    def _welcome(self, cohort: Cohort, now: float) -> None:
        joining, cohort.joining = cohort.joining, []
        shown = self.picture.seen_by(cohort.view, self.clock())
        parts = [parcel.encoded(cohort.form) for parcel in shown]
        for session in joining:
            self.counters.delivered += cohort.welcome(session, shown, parts, now)
            cohort.sessions.append(session)
            session.chat_since = self.mailbox.place(self.clock())
            for identity in session.identities.values():
                self._send_missed_chat(session, identity)
            session.chat_seen = max(session.chat_seen, session.chat_since)

    def _move(self, session: Session, view: View, form: Format) -> None:
        waiting = session in self._cohort(session.view, session.form).joining
        self._drop_from_cohort(session)
        session.view, session.form = view, form
        cohort = self._cohort(view, form)
        if waiting:
            cohort.joining.append(session)
            self.wake()
        else:
            cohort.flush(self.monotonic())
            cohort.sessions.append(session)

    def _drop_from_cohort(self, session: Session) -> None:
        cohort = self._cohorts.get((session.view, session.form))
        if cohort is None:
            return
        for members in (cohort.sessions, cohort.joining):
            if session in members:
                members.remove(session)
        cohort.direct = [pair for pair in cohort.direct if pair[0] is not session]

    def _direct(self, parcel: Parcel, sender: Session) -> bool:
        """Hand an event to the sessions it names; False if it names nobody, or groups only."""
        if not parcel.event.personal:
            return False
        people = [address.value for address in parcel.event.addresses if address.kind in ("uid", "callsign")]
        found: dict[Session, None] = {}
        for name in people:
            for session in self._named.get(name, ()):
                mine = session.number != parcel.source and sees(session.view, parcel.audience)
                if mine and self._holds(session, name):
                    found[session] = None
        found.update(self._of_missions(parcel, sender))
        if self.transfers is not None and parcel.event.type == TRANSFER:
            self.transfers.hand(parcel.event, sender, found)
        for session in sorted(found, key=lambda session: session.number):
            self._cohort(session.view, session.form).direct.append((session, parcel))
        self.wake()
        return True

    def _of_missions(self, parcel: Parcel, sender: Session) -> dict[Session, None]:
        """Hand an event to the missions that it names, and return their subscribers who may see it."""
        named = {one.value: None for one in parcel.event.addresses if one.kind == "mission"}
        if self.missions is None:
            return {}
        return {
            session: None
            for mission in named
            for session in self.missions.take(parcel, mission, sender)
            if session.attached and session is not sender and sees(session.view, parcel.audience)
        }

    def speaking_for(self, uid: str) -> list[Session]:
        """Return the sessions that have said they are the client of a uid, the first to come first."""
        return sorted(self._named.get(uid, ()), key=lambda session: session.number)

    def _holds(self, session: Session, name: str) -> bool:
        """Whether a name is a session's to be called by: not if it can see that another took it before."""
        known = self._known_as.get(name, set())
        if known <= {session}:
            return True
        own = min(identity.order for identity in session.identities.values() if identity.goes_by(name))
        return not any(
            sighting.order < own and sees(session.view, audience)
            for other in known
            if _owner(other) != _owner(session)
            for identity in other.identities.values()
            for audience, sighting in identity.seen.items()
            if name in (identity.uid, sighting.callsign)
        )

    def _identify(self, session: Session, event: Event) -> Identity | None:
        known = session.identities.get(event.uid)
        if known is not None:
            if known.callsign != event.callsign:
                _let_go(self._named, known.callsign, session)
                known.callsign = event.callsign
                known.order = next(self._orders)
        elif len(session.identities) >= _IDENTITIES:
            return None
        else:
            since = self.mailbox.meet(session.principal, event.uid, self.clock())
            known = session.identities[event.uid] = Identity(
                event.uid, event.callsign, since, next(self._orders)
            )
            for other in self._named.get(event.uid, ()):
                if other.principal.name != session.principal.name:
                    log.warning("uid claimed twice", session=session.number, name=session.principal.name)
                else:  # it comes back before its old connection is known to be dead
                    self.mailbox.remember(session.principal, event.uid, other.chat_heard)
            if session.chat_since:
                self._send_missed_chat(session, known)
        for name in (event.uid, event.callsign):
            if name:
                self._named.setdefault(name, set()).add(session)
        return known

    def _recall_groups(self, session: Session, uid: str) -> None:
        """Switch groups as a client left them when it was last here."""
        switched = self.clients.groups(session.principal, uid) if self.clients is not None else None
        if switched is not None and switched != (session.groups_in, session.groups_out):
            self.set_groups(session, *switched)

    @staticmethod
    def _switch(session: Session, groups_in: frozenset[str], groups_out: frozenset[str]) -> None:
        session.groups_in = session.principal.groups_in & groups_in
        session.groups_out = session.principal.groups_out & groups_out

    def _send_missed_chat(self, session: Session, identity: Identity) -> None:
        missed = self.mailbox.missed(session, identity, self.clock())
        session.chat_told = session.chat_told or bool(session.chat_since)
        if missed:
            data = b"".join(parcel.encoded(session.form) for parcel in missed)
            session.deliver(missed, data, self.monotonic())
            # They have arrived once there is a sign of life after them.
            session.chat_heard = min(session.chat_heard, missed[0].sequence - 1)

    def _note_names(self, session: Session, event: Event) -> None:
        for name in (event.uid, event.callsign):
            if name and name not in session.names and len(session.names) < _NAMES:
                session.names.add(name)
                self._known_as.setdefault(name, set()).add(session)

    def _announce_gone(self, session: Session, identity: Identity, now: int) -> None:
        """Tell each reader once, by what it last saw, unless it sees another session speak for the uid."""
        others = [other.identities.get(identity.uid) for other in self._named.get(identity.uid, ())]
        still = {audience for other in others if other is not None for audience in other.seen}
        told: set[Cohort] = set()
        for audience, sighting in reversed(identity.seen.items()):
            if audience in still:
                continue
            self.picture.drop(identity.uid, audience)
            notice = _gone(identity.uid, sighting.type, now)
            parcel = Parcel(notice, audience, now, 0, session.principal.nation)
            for cohort in self._cohorts_for(audience):
                if cohort not in told and not any(sees(cohort.view, one) for one in still):
                    cohort.batch.append(parcel)
                told.add(cohort)
            if self.recorder is not None:
                self.recorder.append(parcel, session.principal, sighting.groups, identity.uid)
        self.wake()


def _let_go(sessions: dict[str, set[Session]], name: str, session: Session) -> None:
    named = sessions.get(name)
    if named is not None:
        named.discard(session)
        if not named:
            del sessions[name]


def _owner(session: Session) -> tuple[str, str]:
    return session.principal.nation, session.principal.name


def _gone(uid: str, cot_type: str, now: int, more: str = "") -> Event:
    link = f'<link uid="{cot.escape(uid)}" type="{cot.escape(cot_type)}" relation="p-p"/>'
    # A uid may be as long as any may be, and with something behind it be too long.
    return Event.of_xml(
        cot.event(f"{uid[:400]}-gone", DISCONNECTED, now, how="h-g-i-g-o", detail=link + more)
    )
