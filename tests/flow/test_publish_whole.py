"""A staged file is published as it was staged, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.flow.mark import Chunk
from beam_ingest.flow.publish import PublishFn
from beam_ingest.flow.run_dir import RunDir
from tests.flow.scripted import bundle, plan_of, set_up, staged


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda path: path.unlink(), "is gone"),
        (lambda path: path.write_bytes(b"{}\n"), "has 3 bytes, and had 6 when it was staged"),
    ],
)
def test_a_staged_file_that_is_not_as_it_was_is_not_published(
    tmp_path: Path, hooks: Any, change: Callable[[Path], object], why: str
) -> None:
    hooks["publish"] = lambda file: pytest.fail("it was published")
    plan = plan_of(tmp_path, staged())
    run = RunDir(plan.run_dir)
    made = Chunk("0000001-ab.bulk.000", "staged/bulk/0000001-ab.0.000.jsonl", 2, 6)
    run.store.write(made.file, b"{}\n{}\n")
    change(Path(plan.run_dir, made.file))
    with set_up(PublishFn(plan, plan.writers[0])) as fn:
        assert bundle(fn, made) == []
    found = run.published(made.id)
    assert found is not None
    assert (found.state, why in (found.error or "")) == ("failed", True)
