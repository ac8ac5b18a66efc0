"""What cannot take part in an unbounded run, said before it starts."""

from __future__ import annotations

from typing import Any

from beam_ingest.api.errors import CannotStart
from beam_ingest.api.stage import Stage
from beam_ingest.flow.plan import Plan


def check_stream(plan: Plan) -> None:
    """Raises ``CannotStart`` for a writer that would lose or repeat something."""
    for writer in plan.writers:
        if writer.stage is not None:
            stage: Any = writer.stage.load()
            if stage.combine is not Stage.combine:
                raise CannotStart(
                    f"{writer.stage.step}: {writer.stage.type!r} combines records by key, of which "
                    "an unbounded run would publish a part with every pane",
                    hint="use a stage that stores records as they are",
                )
        why = writer.target.build().no_stream()
        if why is not None:
            raise CannotStart(f"{writer.target.step}: {why}")
