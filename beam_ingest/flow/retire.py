"""Retiring: what a server holds in a scope, and the complete listing of it does not name.

Nothing is retired on the word of an incomplete listing: the listing as a whole has ended, the
scope's own listing has not failed, every split was read and every file published.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from beam_ingest.api.bulk_sink import BulkSink
from beam_ingest.api.errors import FatalError, RetireRefused
from beam_ingest.api.report import RetireReport
from beam_ingest.api.settings import RetireLimits
from beam_ingest.api.sink import Sink
from beam_ingest.flow.dead_letter import reason_of
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.retry import RetryPolicy, retrying
from beam_ingest.flow.run_dir import RunDir

UNLIMITED = RetireLimits(max_share=1.0)


def can_retire(cls: type) -> bool:
    """Whether a class of sinks retires at all."""
    return getattr(cls, "retire", None) not in (None, Sink.retire, BulkSink.retire)


def retire(
    plan: Plan,
    run: RunDir,
    component: Sink | BulkSink,
    wait: Callable[[float], bool],
    new_names: Mapping[tuple[str, str], Collection[str]] = MappingProxyType({}),
    moved: Callable[[], None] = lambda: None,
) -> RetireReport:
    """Offer every scope with a complete listing to ``component``.

    ``new_names`` are what the run has written into scopes beside what was listed (see ``names``);
    ``moved`` is called before each scope. A scope that is refused, or whose retiring fails, keeps
    what it has; it is in ``refused`` and fails the run, so that nobody trusts in a clean-up that
    did not happen.
    """
    report = RetireReport()
    limits = UNLIMITED if plan.allow_retire else plan.settings.retire
    for scope in run.scopes():
        if scope.failed is not None:
            continue
        report.scopes += 1
        moved()
        written = new_names.get((scope.fqn, scope.entity_type), ())
        limited = replace(scope, names={*scope.names, *written}, limits=limits)
        try:
            retired = retrying(partial(component.retire, limited), wait, RetryPolicy())
            report.names += retired.count if retired else 0
        except RetireRefused as refused:
            report.refused.append(str(refused))
        except FatalError:
            raise
        except Exception as error:  # this scope keeps what it has; the others go on
            report.refused.append(f"{scope.fqn}: {reason_of(error)}")
    return report
