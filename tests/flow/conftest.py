"""What the unit tests of ``flow`` share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from beam_ingest.flow import worker
from tests.flow.scripted import HOOKS


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Callable[..., Any]]]:
    """What scripted components do, by method. Steps start fast: the heap is left alone."""
    monkeypatch.setattr(worker, "_tune_garbage_collector", lambda: None)
    monkeypatch.setattr(worker, "_restore_garbage_collector", lambda: None)
    yield HOOKS
    HOOKS.clear()
