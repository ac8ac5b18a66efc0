"""What the unit tests of ``flow`` share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from beam_ingest.flow import worker
from tests.flow.scripted import HOOKS


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Callable[..., Any]]]:
    """What scripted components do, by method.

    Steps are fast: the heap is left as it is, and nobody waits for the disk (that files are
    durable is shown in test_local_store.py).
    """
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(worker, "_tune_garbage_collector", lambda: None)
    monkeypatch.setattr(worker, "_restore_garbage_collector", lambda: None)
    yield HOOKS
    HOOKS.clear()
