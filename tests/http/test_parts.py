from __future__ import annotations

import pickle

import pytest

from beam_ingest.api.errors import TransientError
from beam_ingest.http import Page, RequestRefused, Resolution, RetryPolicy, cursor_pages, resolve
from beam_ingest.http.retry import parse_retry_after


@pytest.mark.parametrize(
    ("status", "resolution"),
    [
        (200, Resolution.ACCEPT), (202, Resolution.ACCEPT), (301, Resolution.FAIL_RUN),
        (400, Resolution.FAIL_RECORD), (401, Resolution.FAIL_RUN), (403, Resolution.FAIL_RECORD),
        (413, Resolution.FAIL_RECORD), (418, Resolution.FAIL_RECORD), (429, Resolution.RETRY),
        (500, Resolution.RETRY_BRIEFLY), (503, Resolution.RETRY), (504, Resolution.RETRY),
        (520, Resolution.RETRY_BRIEFLY),
    ],
)  # fmt: skip
def test_every_status_has_one_resolution(status: int, resolution: Resolution) -> None:
    assert resolve(status) is resolution


def test_half_of_a_wait_is_random_and_it_is_capped() -> None:
    policy = RetryPolicy(base=1, cap=10)
    assert [policy.delay(n, None, lambda: 0.0) for n in (1, 2, 3)] == [0.5, 1.0, 2.0]
    assert [policy.delay(n, None, lambda: 1.0) for n in (1, 4, 5, 9)] == [1.0, 8.0, 10.0, 10.0]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(None, None), (" 3 ", 3.0), ("-1", None), ("", None), ("٣", None), ("never", None),
     ("Thu, 01 Jan 1970 00:00:30 GMT", 20.0), ("Thu, 01 Jan 1970 00:00:05 GMT", 0.0)],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, lambda: 10.0) == seconds


def test_pages_are_read_to_the_last() -> None:
    pages = {None: Page([1, 2], "a", 3), "a": Page([3], None, 3)}
    assert [page.items for page in cursor_pages(pages.__getitem__)] == [[1, 2], [3]]


def test_a_list_whose_cursor_comes_twice_is_not_complete() -> None:
    with pytest.raises(TransientError, match="a cursor came twice"):
        list(cursor_pages(lambda cursor: Page([1], "a")))


def test_a_refusal_can_be_pickled() -> None:
    error = pickle.loads(pickle.dumps(RequestRefused("PUT http://x/y", 404, "not there")))
    assert (error.status, error.answer) == (404, "not there")
    assert str(error) == "PUT http://x/y answered 404: not there"
