"""Data that nobody reads any more."""

from __future__ import annotations

import os
import sys

import pytest

from beam_ingest.cli.output import emit


def test_a_closed_pipe_ends_the_data_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        assert emit("lost") is False
        # What Python does at exit: it fails no more.
        stdout.flush()
        assert emit("into the void") is True
