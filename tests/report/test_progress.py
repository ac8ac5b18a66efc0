"""What a reader sees while a workflow runs, on a terminal and in a log."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from beam_ingest.api.progress import ProgressSnapshot, WorkerProgress
from beam_ingest.report.progress import (
    WORKERS_SHOWN,
    LineProgress,
    LiveProgress,
    Rate,
    clock,
    line,
    progress,
)

RUN = [
    ProgressSnapshot("listing", 0.5),
    ProgressSnapshot("reading", 1.0, None, 0, 0, (("shop", 0, 0, 0), ("file", 0, 0, 0))),
    ProgressSnapshot("reading", 6.0, 4, 1, 0, (("shop", 600, 600, 0), ("file", 600, 600, 0))),
    ProgressSnapshot(
        "reading",
        11.0,
        4,
        2,
        1,
        (("shop", 2000, 2000, 0), ("file", 1600, 1590, 10)),
        (
            WorkerProgress("worker 1", "shop.default.main", "file", 0.5),
            WorkerProgress("worker 2", "shop.default.other", "shop", 45.0),
            WorkerProgress("worker 3", None, None),
        ),
    ),
    ProgressSnapshot("finishing", 12.0, 4, 3, 1, (("file", 2000, 1990, 10),)),
]


def plain(*, width: int = 100) -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    return Console(file=text, width=width, force_terminal=False), text


def terminal() -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    console = Console(
        file=text, width=100, force_terminal=True, color_system=None, _environ={"TERM": "xterm"}
    )
    return console, text


def test_a_terminal_gets_a_live_table_and_a_log_gets_lines() -> None:
    assert isinstance(progress(terminal()[0]), LiveProgress)
    assert isinstance(progress(plain()[0]), LineProgress)


def test_a_log_gets_a_line_for_each_phase_and_one_every_ten_seconds() -> None:
    console, text = plain()
    with progress(console) as listener:
        for snapshot in RUN:
            listener(snapshot)
    lines = text.getvalue().splitlines()
    assert [each.split(";")[0] for each in lines] == [
        "0:00 listing",
        "0:01 reading",
        "0:11 reading",
        "0:12 finishing",
    ]
    assert "\x1b" not in text.getvalue()


def test_the_time_between_two_lines_can_be_chosen() -> None:
    console, text = plain()
    with LineProgress(console, every=5.0) as listener:
        for snapshot in RUN:
            listener(snapshot)
    assert text.getvalue().count("reading") == 3


def test_a_line_says_the_splits_the_counts_the_failures_and_who_stands_still() -> None:
    assert line(RUN[3], 160.0) == (
        "0:11 reading; splits 2/4 done, 1 failed; shop 2,000; file 1,590 (10 failed); "
        "160 records/s; worker 2 stands still for 45 s at shop.default.other in shop"
    )


def test_a_line_is_not_broken_however_narrow_the_console() -> None:
    console, text = plain(width=20)
    LineProgress(console)(RUN[3])
    assert len(text.getvalue().splitlines()) == 1


def test_names_that_look_like_markup_are_shown_as_they_are() -> None:
    snapshot = ProgressSnapshot("reading", 1.0, 1, 0, 0, (("[red]set[/red]", 1, 1, 0),))
    console, text = plain()
    LineProgress(console)(snapshot)
    assert "[red]set[/red] 1" in text.getvalue()
    live_console, live_text = terminal()
    with LiveProgress(live_console) as listener:
        listener(snapshot)
    assert "[red]set[/red]" in live_text.getvalue()


def test_the_live_table_shows_steps_splits_and_workers() -> None:
    console, text = terminal()
    with progress(console) as listener:
        listener(RUN[3])
    shown = text.getvalue()
    for expected in (
        "0:11",
        "reading",
        "2/4 done, 1 failed",
        "1,590",
        "worker 1: at shop.default.main in file",
        "worker 2: stands still for 45 s at shop.default.other in shop",
        "worker 3: waits",
    ):
        assert expected in shown


def test_of_many_workers_those_that_stand_still_longest_are_shown() -> None:
    workers = tuple(WorkerProgress(f"w{n}", f"split{n}", None, float(n)) for n in range(20))
    console, text = terminal()
    with progress(console) as listener:
        listener(ProgressSnapshot("reading", 1.0, 20, workers=workers))
    shown = text.getvalue()
    assert f"and {20 - WORKERS_SHOWN} other workers" in shown
    assert "w19: at split19" in shown
    assert "w0: at split0" not in shown


def test_the_live_table_says_that_the_total_is_not_known_yet() -> None:
    console, text = terminal()
    with progress(console) as listener:
        listener(RUN[1])
    assert "0/? done" in text.getvalue()


def test_the_live_table_is_taken_away_where_the_run_breaks_off() -> None:
    console, text = terminal()
    with pytest.raises(KeyboardInterrupt), progress(console) as listener:
        listener(RUN[3])
        raise KeyboardInterrupt
    assert text.getvalue().count("\x1b[?25l") == text.getvalue().count("\x1b[?25h") == 1


def test_the_rate_is_that_of_the_last_ten_seconds() -> None:
    rate = Rate()
    counts = [(0.0, 0), (5.0, 5000), (10.0, 5000), (15.0, 6000), (20.0, 7000)]
    rates = [rate.of(ProgressSnapshot("reading", at, steps=(("s", n, n, 0),))) for at, n in counts]
    assert rates == [None, 1000.0, 500.0, 100.0, 200.0]


def test_two_snapshots_of_the_same_moment_have_no_rate() -> None:
    rate = Rate()
    assert rate.of(RUN[0]) is None
    assert rate.of(RUN[0]) is None


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0:00"), (59.9, "0:59"), (61, "1:01"), (3725, "1:02:05")]
)
def test_times_are_minutes_and_seconds(seconds: float, text: str) -> None:
    assert clock(seconds) == text
