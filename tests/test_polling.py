"""``beam.poll`` from Python."""

from __future__ import annotations

from typing import Any

import pytest

from beam_ingest import polling
from beam_ingest.workflow import Workflow


@pytest.mark.parametrize(("written", "used"), [("off", "local"), ("server", "server")])
def test_a_tick_leaves_out_what_did_not_change(
    written: str, used: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(
        Workflow, "run", lambda self, **options: seen.append((self.config.beam, options))
    )
    monkeypatch.setattr("beam_ingest.flow.ticks.run_ticks", lambda run, every, **_: run() or every)
    workflow = Workflow.from_config({
        "source": {"type": "tests.config.parts.Lines", "config": {"path": "x"}},
        "sink": {"type": "tests.config.parts.Out"},
        "beam": {"poll": "5s", "skipUnchanged": written},
    })  # fmt: skip
    given: object = polling.run_polled(workflow, allow_retire=True)
    assert given == 5.0
    ((beam, options),) = seen
    assert beam.skip_unchanged == used
    assert options == {"handle_signals": False, "allow_retire": True}
