"""Retrying: how often, how long between, and what ends it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from beam_ingest import FatalError, TransientError
from beam_ingest.flow.retry import GaveUp, RetryPolicy, retrying

NO_JITTER = RetryPolicy(tries=5, base=1.0, cap=5.0)


def failing(times: int, error: Exception | None = None) -> Callable[[], str]:
    left = [error or TransientError("busy")] * times

    def call() -> str:
        if left:
            raise left.pop()
        return "done"

    return call


class Waits:
    def __init__(self, stop_after: int = 100) -> None:
        self.seconds: list[float] = []
        self._stop_after = stop_after

    def __call__(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return len(self.seconds) >= self._stop_after


def test_what_works_at_once_does_not_wait() -> None:
    waits = Waits()
    assert retrying(failing(0), waits, NO_JITTER) == "done"
    assert waits.seconds == []


def test_delays_double_up_to_the_cap() -> None:
    waits = Waits()
    assert retrying(failing(4), waits, NO_JITTER, jitter=lambda: 1.0) == "done"
    assert waits.seconds == [2.0, 4.0, 5.0, 5.0]


def test_jitter_takes_up_to_half_of_a_delay() -> None:
    waits = Waits()
    retrying(failing(1), waits, NO_JITTER, jitter=lambda: 0.0)
    assert waits.seconds == [1.0]


def test_what_the_server_asks_for_goes_first() -> None:
    waits = Waits()
    retrying(failing(1, TransientError("busy", retry_after=17.5)), waits, NO_JITTER)
    retrying(failing(1, TransientError("busy", retry_after=-3)), waits, NO_JITTER)
    assert waits.seconds == [17.5, 0.0]


def test_it_gives_up_after_the_last_try_and_says_how_often_it_tried() -> None:
    waits = Waits()
    with pytest.raises(GaveUp, match=r"^busy \(tried 5 times\) \(come later\)$") as caught:
        retrying(failing(9, TransientError("busy", hint="come later")), waits, NO_JITTER)
    assert caught.value.tries == 5
    assert len(waits.seconds) == 4


def test_a_stop_ends_the_waiting() -> None:
    waits = Waits(stop_after=2)
    with pytest.raises(GaveUp) as caught:
        retrying(failing(9), waits, NO_JITTER)
    assert caught.value.tries == 2


@pytest.mark.parametrize("error", [FatalError("wrong password"), ValueError("no")])
def test_other_errors_are_not_tried_again(error: Exception) -> None:
    with pytest.raises(type(error)):
        retrying(failing(1, error), Waits(), NO_JITTER)


def test_what_gave_up_by_itself_is_not_tried_again() -> None:
    inner = GaveUp(TransientError(""), 6)
    with pytest.raises(GaveUp, match=r"^TransientError \(tried 6 times\)$") as caught:
        retrying(failing(1, inner), Waits(), NO_JITTER)
    assert caught.value is inner


def test_a_fatal_error_after_a_transient_one_passes() -> None:
    errors: list[Exception] = [FatalError("wrong password"), TransientError("busy")]

    def call() -> str:
        raise errors.pop()

    with pytest.raises(FatalError):
        retrying(call, Waits(), NO_JITTER)


def test_by_default_a_server_may_be_away_for_about_half_a_minute() -> None:
    policy, error = RetryPolicy(), TransientError("busy")
    total = sum(policy.delay(n, error, lambda: 1.0) for n in range(1, policy.tries))
    assert 25 < total < 45
