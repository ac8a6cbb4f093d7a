"""`/metrics` for Prometheus: how often each page was asked for, how it was answered and how fast, and what others add.

There is no such page without `[pegboard] metrics_token`: who knows it may read them. The client library keeps the figures of
one process; where several serve, `PROMETHEUS_MULTIPROC_DIR` names a folder in which they add them up.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from hmac import compare_digest
from time import perf_counter
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, abort, g, request

from pegboard.errors import ConfigError, Problem

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric

    from .calls import Call, Calls

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
Source = Callable[[], "Iterable[Metric]"]


class Metrics:
    """The figures of one board."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self.registry = CollectorRegistry()
        self._sources: list[Source] = []
        self._answers = Counter(
            "pegboard_requests", "Requests answered.", ["method", "endpoint", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "pegboard_request_seconds", "Seconds to an answer.", ["endpoint"], buckets=_BUCKETS, registry=self.registry
        )

    def counter(self, name: str, help_: str, labels: Iterable[str]) -> Any:
        """A new counter of prometheus_client; `name` without `_total`."""
        from prometheus_client import Counter

        return Counter(name, help_, list(labels), registry=self.registry)

    def count_calls(self, calls: Calls) -> None:
        """Count the calls to providers from now on."""
        counted = self.counter("pegboard_provider_calls", "Calls to providers.", ["provider", "operation", "outcome"])
        seconds = self.counter("pegboard_provider_seconds", "Seconds in calls to providers.", ["provider"])

        def heard(call: Call) -> None:
            counted.labels(call.provider, call.operation, call.outcome).inc()
            seconds.labels(call.provider).inc(call.milliseconds / 1000)

        calls.subscribe(heard)

    def count_webhooks(self, subscribe: Callable[[Callable[[str, str], None]], None]) -> None:
        """Count what is posted, by source and by what became of it: `stored`, `duplicate`, `ignored`, or why it was refused."""
        counted = self.counter("pegboard_webhooks", "Webhooks posted.", ["source", "outcome"])
        subscribe(lambda source, outcome: counted.labels(source or "unknown", outcome).inc())

    def ask(self, source: Source) -> None:
        """Ask `source` for figures whenever they are read, inside the request: what the database knows is for all processes."""
        self._sources.append(source)

    def answered(self, response: Response, seconds: float) -> None:
        """Count an answer."""
        endpoint = request.endpoint or "none"
        method = request.method if request.method in _METHODS else "other"
        self._answers.labels(method, endpoint, str(response.status_code)).inc()
        self._seconds.labels(endpoint).observe(seconds)

    def text(self) -> bytes:
        """All figures as Prometheus reads them."""
        from prometheus_client import CollectorRegistry, generate_latest

        asked = CollectorRegistry()
        asked.register(_Asked(self._sources))
        return generate_latest(self._kept()) + generate_latest(asked)

    def _kept(self) -> CollectorRegistry:
        if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            return self.registry
        from prometheus_client import CollectorRegistry
        from prometheus_client.multiprocess import MultiProcessCollector

        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return together


class _Asked:
    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = sources

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        for source in self._sources:
            yield from source()


def init_metrics(app: Flask, token: str) -> Metrics:
    """Count the board's answers, and show the figures to who knows the token. ConfigError where the library is missing."""
    try:
        metrics = Metrics()
    except ModuleNotFoundError as error:
        remedy = 'pip install "pegboard[metrics]"'
        raise ConfigError(
            [Problem("prometheus_client is not installed", key="metrics_token", remedy=remedy)]
        ) from error

    def show() -> Response:
        sent = request.headers.get("Authorization", "")
        if not compare_digest(sent.encode(), f"Bearer {token}".encode()):
            abort(401)
        return Response(metrics.text(), mimetype="text/plain", headers={"Cache-Control": "no-store"})

    @app.before_request
    def _begin() -> None:
        g.pegboard_began = perf_counter()

    @app.after_request
    def _count(response: Response) -> Response:
        metrics.answered(response, perf_counter() - g.get("pegboard_began", perf_counter()))
        return response

    app.add_url_rule("/metrics", endpoint="metrics", view_func=show)
    return metrics
