"""A good staged sink, and broken ones."""

from __future__ import annotations

import itertools
from typing import Any

from beam_ingest import StagedSink
from beam_ingest.testing import StagedSinkSuite
from tests.testing.broken.bite import caught_by, passes

_PARTS = "its_parts_exist_and_accept_their_configurations"


class Suite(StagedSinkSuite):
    own_process = False


@passes(Suite, own_process=True)
class GoodStagedSink(StagedSink):
    stage = "tests.testing.broken.stages.GoodStage"
    bulk_sink = "tests.testing.broken.bulk_sinks.GoodBulkSink"

    def bulk_config(self) -> dict[str, Any]:
        return {"path": "system"}


@caught_by(Suite, _PARTS)
class StageDoesNotExist(GoodStagedSink):
    stage = "fiel"


@caught_by(Suite, _PARTS)
class BulkSinkNeedsAPath(GoodStagedSink):
    def bulk_config(self) -> dict[str, Any]:
        return {}


_COUNT = itertools.count()


@caught_by(Suite, "its_parts_are_the_same_each_time", "rebuilt_elsewhere_it_does_the_same")
class AnotherPathEachTime(GoodStagedSink):
    def bulk_config(self) -> dict[str, Any]:
        return {"path": f"system-{next(_COUNT)}"}
