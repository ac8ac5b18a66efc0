"""Progress of a run for the reader: a live table on a terminal, plain lines elsewhere.

Both are ``ProgressListener``s that are given snapshots, so the only clock is the ``elapsed``
of the snapshots.
"""

from __future__ import annotations

from collections import deque
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from beam_ingest.api.progress import ProgressSnapshot, WorkerProgress

LINE_EVERY = 10.0
"""Seconds between two lines where the output is no terminal."""

HANGS_AFTER = 30.0
"""Seconds without a movement after which a worker is shown as standing still."""

WORKERS_SHOWN = 8
"""Workers that the live table shows, those that stand still longest first."""

_RATE_OVER = 10.0


class Progress(Protocol):
    """Shows snapshots between ``__enter__`` and ``__exit__``."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def __call__(self, snapshot: ProgressSnapshot) -> None:
        """Show ``snapshot``."""


def progress(console: Console) -> Progress:
    """What fits ``console``: a live table on a terminal, a line every ten seconds elsewhere."""
    return LiveProgress(console) if console.is_terminal else LineProgress(console)


class LiveProgress:
    """A table that is drawn again with every snapshot, and removed at the end."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._rate = Rate()

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def __call__(self, snapshot: ProgressSnapshot) -> None:
        """Draw ``snapshot``."""
        rate = self._rate.of(snapshot)
        self._live.update(render(snapshot, rate), refresh=True)


class LineProgress:
    """A line at once for every new phase, and one every ``every`` seconds."""

    def __init__(self, console: Console, *, every: float = LINE_EVERY) -> None:
        self._console = console
        self._every = every
        self._phase: str | None = None
        self._next = 0.0
        self._rate = Rate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def __call__(self, snapshot: ProgressSnapshot) -> None:
        """Print a line where it is time for one."""
        rate = self._rate.of(snapshot)
        if snapshot.phase == self._phase and snapshot.elapsed < self._next:
            return
        self._phase = snapshot.phase
        self._next = snapshot.elapsed + self._every
        self._console.print(
            line(snapshot, rate), markup=False, highlight=False, soft_wrap=True, style=None
        )


class Rate:
    """Records a second that reach the last step, over the last ten seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def of(self, snapshot: ProgressSnapshot) -> float | None:
        """The rate at ``snapshot``; None as long as there is nothing to compare it with."""
        count = snapshot.steps[-1][1] if snapshot.steps else 0
        self._seen.append((snapshot.elapsed, count))
        while len(self._seen) > 2 and self._seen[1][0] <= snapshot.elapsed - _RATE_OVER:
            self._seen.popleft()
        (then, before), (now, after) = self._seen[0], self._seen[-1]
        return (after - before) / (now - then) if now > then else None


def line(snapshot: ProgressSnapshot, rate: float | None = None) -> str:
    """``snapshot`` in one line of plain text."""
    parts = [f"{clock(snapshot.elapsed)} {snapshot.phase}", f"splits {_splits(snapshot)}"]
    parts += [
        f"{name} {out:,}" + (f" ({failed:,} failed)" if failed else "")
        for name, _, out, failed in snapshot.steps
    ]
    if rate is not None:
        parts.append(f"{rate:,.0f} records/s")
    parts += [
        f"{worker.worker} stands still for {worker.idle:.0f} s{_place(worker)}"
        for worker in snapshot.workers
        if worker.idle >= HANGS_AFTER
    ]
    return "; ".join(parts)


def render(snapshot: ProgressSnapshot, rate: float | None = None) -> RenderableType:
    """``snapshot`` as a picture of a few lines."""
    parts: list[RenderableType] = [_head(snapshot, rate)]
    if snapshot.steps:
        parts.append(_steps(snapshot))
    workers = sorted(snapshot.workers, key=lambda worker: -worker.idle)
    if len(workers) <= WORKERS_SHOWN:
        workers = list(snapshot.workers)
    parts += [_worker(worker) for worker in workers[:WORKERS_SHOWN]]
    if len(workers) > WORKERS_SHOWN:
        parts.append(Text(f"and {len(workers) - WORKERS_SHOWN} other workers", "dim"))
    return Group(*parts)


def clock(seconds: float) -> str:
    """``seconds`` as minutes and seconds, with hours where there are any."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def _head(snapshot: ProgressSnapshot, rate: float | None) -> RenderableType:
    speed = f"{rate:,.0f} records/s" if rate is not None else ""
    ended = snapshot.splits_done + snapshot.splits_failed
    # Without a total the bar pulses by the time, which here is the snapshot's.
    bar = ProgressBar(
        total=snapshot.splits_total,
        completed=ended,
        width=24,
        pulse=snapshot.splits_total is None,
        animation_time=snapshot.elapsed,
    )
    head = Table.grid(padding=(0, 2))
    head.add_row(
        clock(snapshot.elapsed), Text(snapshot.phase, "bold"), bar, _splits(snapshot), speed
    )
    return head


def _steps(snapshot: ProgressSnapshot) -> RenderableType:
    table = Table(box=None, padding=(0, 2), header_style="dim")
    table.add_column("step")
    for name in ("in", "out", "failed"):
        table.add_column(name, justify="right")
    for name, in_, out, failed in snapshot.steps:
        style = "red" if failed else ""
        table.add_row(Text(name), f"{in_:,}", f"{out:,}", Text(f"{failed:,}", style))
    return table


def _worker(worker: WorkerProgress) -> RenderableType:
    if worker.split is None:
        return Text(f"{worker.worker}: waits", "dim")
    if worker.idle >= HANGS_AFTER:
        return Text(f"{worker.worker}: stands still for {worker.idle:.0f} s{_place(worker)}", "red")
    return Text(f"{worker.worker}:{_place(worker)}", "dim")


def _splits(snapshot: ProgressSnapshot) -> str:
    total = "?" if snapshot.splits_total is None else f"{snapshot.splits_total:,}"
    failed = f", {snapshot.splits_failed:,} failed" if snapshot.splits_failed else ""
    return f"{snapshot.splits_done:,}/{total} done{failed}"


def _place(worker: WorkerProgress) -> str:
    split = f" at {worker.split}" if worker.split else ""
    return split + (f" in {worker.step}" if worker.step else "")
