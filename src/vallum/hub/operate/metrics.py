"""The hub's numbers for Prometheus: read when somebody asks, under names of one fixed set.

Labels hold reasons, listeners and formats, which are few. They never hold names, uids or positions.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

import vallum
from vallum.hub.operate.health import journal_of
from vallum.hub.operate.spans import Spans
from vallum.hub.operate.status import replaced

if TYPE_CHECKING:
    from vallum.hub.server import Hub

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics(Collector):
    """Reads the counters of a hub.

    Parameters
    ----------
    hub : Hub
        The hub.
    lag : Spans
        How late the event loop was.
    ready : callable
        Says whether the hub is ready.
    dropped : callable
        Returns the log lines that nobody took.
    """

    def __init__(
        self, hub: "Hub", lag: Spans, ready: Callable[[], bool], dropped: Callable[[], int] = lambda: 0
    ) -> None:
        self._hub = hub
        self._lag = lag
        self._ready = ready
        self._dropped = dropped
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Read the numbers as they are now."""
        yield from self._totals()
        yield from self._now()
        yield from self._loop()
        yield from self._journal()

    def _totals(self) -> Iterator[Metric]:
        counters = self._hub.router.counters
        for name, text, value in (
            ("events_received", "Well-formed and valid events received.", counters.received),
            ("events_delivered", "Events written to readers, or put by for them.", counters.delivered),
            ("events_skewed", "Events whose sender's clock disagrees with the hub's.", counters.skewed),
            ("states_replaced", "States not sent to a slow reader: a newer came first.", replaced(self._hub)),
            ("sessions_opened", "Sessions ever let in.", counters.sessions),
            ("log_lines_dropped", "Log lines that standard error did not take.", self._dropped()),
        ):
            yield CounterMetricFamily(f"vallum_hub_{name}", text, value)
        for name, text, label, values in (
            ("events_refused", "Valid events that policy or a limit kept out.", "reason", counters.refused),
            ("inputs_malformed", "Input that was no event.", "listener", counters.malformed),
            ("datagrams_dropped", "Datagrams not taken or not sent.", "reason", counters.datagrams),
            ("sessions_cut", "Sessions ended by the hub.", "reason", counters.cut),
            ("connections_turned_away", "Connections not let in.", "reason", counters.turned_away),
        ):
            family = CounterMetricFamily(f"vallum_hub_{name}", text, labels=[label])
            for word, count in values.items():
                family.add_metric([word], count)
            yield family

    def _now(self) -> Iterator[Metric]:
        hub, router = self._hub, self._hub.router
        sessions = GaugeMetricFamily("vallum_hub_sessions", "Sessions now.", labels=["listener", "format"])
        there = Counter((session.place, session.form.name.lower()) for session in router.sessions)
        for pair, count in there.items():
            sessions.add_metric(pair, count)
        yield sessions
        waiting = [session.outbox.size for session in router.sessions]
        for name, text, value in (
            ("picture_events", "Events in the current picture.", len(router.picture)),
            ("chat_messages", "Chat messages kept.", len(router.mailbox.conversation)),
            ("outbox_bytes", "Bytes that wait for readers.", sum(waiting)),
            ("outbox_longest_bytes", "Bytes that wait for the slowest reader.", max(waiting, default=0)),
            ("sessions_behind", "Readers that do not keep up.", sum(map(bool, waiting))),
            ("ready", "1 if every part does its work.", int(self._ready())),
            ("start_time_seconds", "When the hub started, since 1970-01-01T00:00Z.", hub.started),
        ):
            yield GaugeMetricFamily(f"vallum_hub_{name}", text, value)
        info = GaugeMetricFamily("vallum_hub_info", "1, with the version.", labels=["version"])
        info.add_metric([vallum.__version__], 1)
        yield info

    def _loop(self) -> Iterator[Metric]:
        for name, text, spans in (
            ("loop_lag_seconds", "How late the event loop runs what is due.", self._lag),
            ("tick_seconds", "Time to send what waits.", self._hub.ticks),
        ):
            yield HistogramMetricFamily(
                f"vallum_hub_{name}", text, buckets=spans.cumulative(), sum_value=spans.total
            )

    def _journal(self) -> Iterator[Metric]:
        journal = journal_of(self._hub)
        if journal is None:
            return
        for name, text, total in (
            ("journal_events_written", "Events written to the journal.", journal.written),
            ("journal_events_dropped", "Events that the journal does not have.", journal.dropped),
        ):
            yield CounterMetricFamily(f"vallum_hub_{name}", text, total)
        for name, text, value in (
            ("journal_ok", "1 if the journal can be written to.", int(journal.trouble is None)),
            ("journal_events_pending", "Events that wait to be written.", journal.pending),
            ("journal_batch_seconds", "Time that the last batch took.", journal.batch_s),
            ("journal_file_bytes", "Size of the journal's files.", journal.file_bytes),
        ):
            yield GaugeMetricFamily(f"vallum_hub_{name}", text, value)
