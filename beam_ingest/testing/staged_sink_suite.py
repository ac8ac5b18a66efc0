"""The checks of a sink that is a stage and a bulk sink underneath."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from beam_ingest.api.errors import UnknownComponent
from beam_ingest.api.registry import Kind, find
from beam_ingest.testing.compare import canonical, expect_same, fail
from beam_ingest.testing.component_suite import ComponentSuite


class StagedSinkSuite(ComponentSuite):
    """``class TestMine(StagedSinkSuite): component = MySink; config = {…}``.

    Its stage and its bulk sink have suites of their own.
    """

    kind = Kind.SINK

    def test_its_parts_exist_and_accept_their_configurations(self) -> None:
        """``stage`` and ``bulk_sink`` are types, and the derived configurations fit them."""
        sink = self.make()
        for kind, type_, config in (
            (Kind.STAGE, sink.stage, sink.stage_config()),
            (Kind.BULK_SINK, sink.bulk_sink, sink.bulk_config()),
        ):
            self._expect_valid(kind, type_, config)

    def test_its_parts_are_the_same_each_time(self) -> None:
        """The derived configurations depend on its own alone."""
        for name in ("stage_config", "bulk_config"):
            first, second = (canonical(getattr(self.make(), name)()) for _ in range(2))
            expect_same(f"{name}() of another instance differs", [first], [second])

    def _expect_valid(self, kind: Kind, type_: str, config: Any) -> None:
        try:
            find(kind, type_).Config.model_validate(config)
        except UnknownComponent as error:
            fail(f"its {kind} cannot be found: {error}")
        except ValidationError as error:
            fail(f"its {kind} {type_!r} refuses the configuration it derives:\n{error}")
