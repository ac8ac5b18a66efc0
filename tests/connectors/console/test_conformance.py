"""The console sink keeps its contract."""

from __future__ import annotations

from beam_ingest.connectors.console.sink import ConsoleSink
from beam_ingest.testing import SinkSuite


class TestConsoleSink(SinkSuite):
    component = ConsoleSink
    config = {"pretty": True}
    rejects = [{"n": object()}]
    stored = None
