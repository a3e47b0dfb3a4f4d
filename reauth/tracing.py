"""Spans of what a group of batches goes through: taken in, compared, committed.

Off by default, and then a call that does nothing. The proxy process decides which groups are
traced and says so in `traceparent` (W3C Trace Context); nothing is traced that it did not choose.
What a span may carry is a list of its own, of numbers and names of ours: nothing personal.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol

from reauth import __version__
from reauth.errors import SettingsError
from reauth.settings import Tracing

ALLOWED = frozenset({"batches", "rows", "alerts", "trajectories"})
"""Attributes that a span may have."""
_PATIENCE = 1.0
"""s for a collector to take spans; a stop waits so long for one that is away."""


class Tracer(Protocol):
    """Where spans go."""

    def span(
        self, name: str, parent: str | None = None, **attributes: int
    ) -> AbstractContextManager[None]:
        """A span for as long as the context lasts.

        Parameters
        ----------
        parent
            A `traceparent` of another process; None: what is under way here.
        """

    def current(self) -> Any:
        """What is under way, for `under`; None where nothing is traced."""

    def under(self, context: Any) -> AbstractContextManager[None]:
        """Go on in another task with what `current` gave."""

    def close(self) -> None:
        """Send what waits."""


class Untraced:
    """Nothing is traced."""

    _nothing = nullcontext()

    def span(
        self, name: str, parent: str | None = None, **attributes: int
    ) -> AbstractContextManager[None]:
        """Nothing."""
        return self._nothing

    def current(self) -> None:
        """Nothing."""

    def under(self, context: Any) -> AbstractContextManager[None]:
        """Nothing."""
        return self._nothing

    def close(self) -> None:
        """Nothing waits."""


OFF: Tracer = Untraced()


class Otlp:
    """Spans to a collector, by OpenTelemetry's SDK.

    Raises
    ------
    SettingsError
        If the extra is not installed.
    """

    def __init__(self, endpoint: str) -> None:
        try:
            from opentelemetry import context, trace  # noqa: PLC0415 - an extra, and not cheap
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - as above
                OTLPSpanExporter,
            )
            from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - as above
            from opentelemetry.sdk.trace import TracerProvider, sampling  # noqa: PLC0415 - as above
            from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - as above
            from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415 - as above
                TraceContextTextMapPropagator,
            )
        except ImportError:
            raise SettingsError(
                "tracing.endpoint: OpenTelemetry is not installed: pip install 'reauth[otel]'"
            ) from None
        told = Resource({"service.name": "reauth", "service.version": __version__})
        chosen = sampling.ParentBased(sampling.ALWAYS_OFF)
        self._provider = TracerProvider(chosen, told, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint, timeout=_PATIENCE)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("reauth", __version__)
        self._extract = TraceContextTextMapPropagator().extract
        self._context, self._trace = context, trace

    @contextmanager
    def span(self, name: str, parent: str | None = None, **attributes: int) -> Iterator[None]:
        """A span; an exception in it is told by its kind, as its text may say anything."""
        around = self._extract({"traceparent": parent}) if parent else None
        with self._tracer.start_as_current_span(
            name, around, attributes=_allowed(attributes), record_exception=False,
            set_status_on_exception=False,
        ) as span:  # fmt: skip
            try:
                yield
            except Exception as error:
                span.set_status(self._trace.StatusCode.ERROR, type(error).__name__)
                raise

    def current(self) -> Any:
        """What is under way; None where it is not traced."""
        recording = self._trace.get_current_span().is_recording()
        return self._context.get_current() if recording else None

    @contextmanager
    def under(self, context: Any) -> Iterator[None]:
        """Go on with it."""
        if context is None:
            yield
            return
        mark = self._context.attach(context)
        try:
            yield
        finally:
            self._context.detach(mark)

    def close(self) -> None:
        """Send what waits, if the collector takes it in time."""
        self._provider.shutdown()


def _allowed(attributes: Mapping[str, int]) -> dict[str, int]:
    return {name: value for name, value in attributes.items() if name in ALLOWED}


@contextmanager
def tracing(settings: Tracing) -> Iterator[Tracer]:
    """The tracer of the settings, for as long as the context lasts.

    Raises
    ------
    SettingsError
        If it needs what is not installed.
    """
    if settings.endpoint is None:
        yield OFF
        return
    tracer = Otlp(settings.endpoint)
    try:
        yield tracer
    finally:
        tracer.close()
