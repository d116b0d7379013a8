"""TAK's streaming protocol over TCP and TLS."""

from vallum.core.principal import Principal
from vallum.hub import protocol
from vallum.hub.listener.peer import Gate, Peer, Shared
from vallum.hub.parcel import Format
from vallum.wire import cot, takproto


class StreamPeer(Peer):
    """A client of the streaming protocol: XML first, TAK protocol version 1 if it asks for it."""

    def __init__(self, shared: Shared, gate: Gate, place: str) -> None:
        super().__init__(shared, gate, place)
        self._stream = protocol.StreamProtocol(shared.limits)

    def opened(self, principal: Principal) -> None:
        """Offer TAK protocol and begin."""
        self.write(protocol.offer(self.router.clock(), self.shared.server_version))
        self.join(principal)

    def data_received(self, data: bytes) -> None:
        """Read events."""
        count = 0
        try:
            for item in self._stream.receive(data):
                if self.session is None:
                    return
                count += 1
                if isinstance(item, protocol.Fault):
                    self.fault(item)
                elif isinstance(item, protocol.Request):
                    self._answer(item)
                elif not isinstance(item, protocol.Nothing):
                    self.deliver(item)
        except (cot.Malformed, takproto.Malformed) as error:
            self.broken(error)
            return
        self.note_pending(self._stream.pending, self.router.monotonic())
        self.throttle(count, len(data))

    def _answer(self, request: protocol.Request) -> None:
        session = self.session
        if session is None:
            return
        if request.granted:
            # The response is the last XML: what waits goes out before it, all else after it.
            self.router.switch(
                session, Format.STREAM, protocol.response(request.uid, self.router.clock(), granted=True)
            )
        else:
            self.router.whisper(session, protocol.response(request.uid, self.router.clock(), granted=False))
