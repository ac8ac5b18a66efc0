"""Names that a run writes beside what was listed are noted, and count as present."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import Scope, Split
from beam_ingest.api.entities import LineageEdge, Table
from beam_ingest.flow.names import NewNames, new_names_file, new_names_for, read_new_names
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.write import WriteFn
from tests.flow.scripted import (
    RetiringSink,
    ScriptedProcessor,
    batch,
    bundle,
    done_mark,
    plan_of,
    set_up,
    sink,
    spec,
    staged,
)

Hooks = dict[str, Callable[..., Any]]

SCHEMA = "svc.db.s"


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    made = RunDir(str(tmp_path))
    scopes = [Scope(SCHEMA, [f"{SCHEMA}.a"]), Scope('svc."d.b".s', ['svc."d.b".s.a'])]
    made.write_listing([Split("part")], scopes, None)
    return made


def table(name: Any, schema: str = SCHEMA) -> Table:
    return Table.model_construct(name=name, database_schema=schema, columns=[])


def of(run: RunDir, *records: Any) -> list[tuple[str, str, str]]:
    return list(NewNames(run).of(records))


def test_only_names_that_the_scope_does_not_list_are_new(run: RunDir) -> None:
    assert of(run, table("a"), table("b")) == [(SCHEMA, "table", f"{SCHEMA}.b")]


def test_quoted_names_belong_to_their_scope(run: RunDir) -> None:
    odd = 'svc."d.b".s'
    assert of(run, table("a", odd), table("x.y", odd)) == [(odd, "table", f'{odd}."x.y"')]


def test_what_has_no_container_is_in_no_scope_whatever_its_name(run: RunDir) -> None:
    edge = LineageEdge(name="e", from_fqn=f'{SCHEMA}."a.b"', to_fqn=f"{SCHEMA}.c")
    assert of(run, edge, table("b")) == [(SCHEMA, "table", f"{SCHEMA}.b")]


def test_names_outside_of_every_scope_do_not_matter(run: RunDir) -> None:
    assert of(run, table("a", "svc.db.other"), {"name": "a mapping"}) == []


@pytest.mark.parametrize("name", [None, 5])
def test_a_record_without_a_name_is_left_to_whoever_writes_it(run: RunDir, name: Any) -> None:
    assert of(run, table(name), table("b")) == [(SCHEMA, "table", f"{SCHEMA}.b")]


def test_names_are_watched_only_where_they_can_matter(tmp_path: Path, run: RunDir) -> None:
    renames = (spec(ScriptedProcessor, "processor", "p"),)
    retiring = sink(cls=RetiringSink)

    def watched(*writers: Any, **more: Any) -> bool:
        plan = plan_of(tmp_path, *writers, **more)
        return new_names_for(plan, plan.writers[0], run) is not None

    assert watched(retiring, processors=renames)
    assert not watched(retiring)
    assert not watched(retiring, processors=renames, dry_run=True)
    assert not watched(sink(), processors=renames)
    assert not watched(staged(), processors=renames)


def test_new_names_are_on_disk_with_the_mark(tmp_path: Path, run: RunDir, hooks: Hooks) -> None:
    renames = (spec(ScriptedProcessor, "processor", "p"),)
    plan = plan_of(tmp_path, sink(cls=RetiringSink), processors=renames)
    ref = list(run.splits())[1]
    with set_up(WriteFn(plan, plan.writers[0])) as fn:
        bundle(fn, batch(0, [table("b"), table(None), table("a")], ref=ref, last=True))
    assert done_mark(plan, ref).state == "done"
    assert json.loads((tmp_path / new_names_file(ref.id, "out")).read_bytes()) == [
        [SCHEMA, "table", f"{SCHEMA}.b"],
    ]
    assert read_new_names(run, plan) == {(SCHEMA, "table"): {f"{SCHEMA}.b"}}


def test_without_new_names_there_is_no_file(tmp_path: Path, run: RunDir, hooks: Hooks) -> None:
    plan = plan_of(tmp_path, sink(cls=RetiringSink))
    ref = list(run.splits())[1]
    with set_up(WriteFn(plan, plan.writers[0])) as fn:
        bundle(fn, batch(0, [table("a")], ref=ref, last=True))
    assert not (tmp_path / "renamed").exists()
    assert read_new_names(run, plan) == {}
