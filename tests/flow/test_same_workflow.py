"""What makes a workflow another one than a run ran: words, and what variables give."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.api.component import Context
from beam_ingest.api.errors import CannotStart
from beam_ingest.api.server import OpenMetadataServer
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.same_workflow import changes, check_same_workflow, differences, given
from beam_ingest.flow.spec import context_to_json
from beam_ingest.flow.stream.windows import Windows
from tests.flow.scripted import plan_of, sink, staged

DOCUMENT: dict[str, Any] = {
    "source": {"type": "x", "config": {"path": "a", "more": [1, 2]}},
    "sink": {"type": "y"},
    "beam": {"workers": 1},
}


class TestChangesOfAWorkflow:
    def of(self, now: dict[str, Any]) -> list[str]:
        return list(changes(DOCUMENT, now))

    def test_are_named_by_their_key(self) -> None:
        now = json.loads(json.dumps(DOCUMENT))
        assert self.of(now) == []
        now["source"]["config"]["path"] = "b"
        now["source"]["config"]["more"][1] = 3
        now["stage"] = {"type": "z"}
        assert self.of(now) == ["source.config.more.1", "source.config.path", "stage"]

    def test_of_how_it_is_run_do_not_matter(self) -> None:
        assert self.of(DOCUMENT | {"beam": {"workers": 4}, "workflowConfig": {}}) == []

    def test_in_the_number_of_processors_are_named_as_one(self) -> None:
        before = {"processors": [{"type": "a"}]}
        assert list(changes(before, {"processors": [{"type": "a"}, {"type": "b"}]})) == [
            "processors",
        ]

    def test_of_a_run_that_says_nothing_are_all_there_is(self) -> None:
        assert list(changes(None, DOCUMENT)) == ["source", "sink"]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return plan_of(tmp_path, sink("out"), staged("bulk"))


def before(plan: Plan) -> dict[str, Any]:
    return {"workflow": DOCUMENT, "given": given(plan)}


def found(plan: Plan, now: Plan) -> list[str]:
    return list(differences(now, before(plan), DOCUMENT))


def on(plan: Plan, address: str) -> Plan:
    server = OpenMetadataServer.model_validate({"hostPort": address})
    return replace(
        plan, source=replace(plan.source, context=context_to_json(Context(server=server)))
    )


def other(plan: Plan, config: str) -> Plan:
    return replace(plan, source=replace(plan.source, config=config))


def test_the_same_words_and_other_values_are_another_workflow(plan: Plan) -> None:
    assert found(plan, plan) == []
    assert found(plan, other(plan, '{"path":"b"}')) == ["what variables or --set give to src"]
    writer = plan.writers[0]
    assert writer.sink is not None
    moved = replace(writer, sink=replace(writer.sink, config='{"path":"b"}'))
    now = replace(plan, writers=(moved, plan.writers[1]))
    assert found(plan, now) == ["what variables or --set give to out"]


def test_another_server_is_another_workflow(plan: Plan) -> None:
    one, two = on(plan, "http://one/api"), on(plan, "http://two/api")
    assert found(one, two) == ["what variables or --set give to openMetadataServerConfig"]
    with pytest.raises(CannotStart, match="openMetadataServerConfig changed") as caught:
        check_same_workflow(two, before(one), DOCUMENT, "as it was")
    assert caught.value.hint == "as it was"


def test_a_secret_in_plain_text_has_a_handle_of_its_own_in_each_process(plan: Plan) -> None:
    first, second = (f'{{"password":"vault:{digit * 16}"}}' for digit in "0a")
    assert found(other(plan, first), other(plan, second)) == []


def test_a_stream_goes_on_to_other_sinks_and_servers(plan: Plan) -> None:
    now = replace(on(plan, "http://two/api"), windows=Windows(2_000), writers=())
    assert found(on(plan, "http://one/api"), now) == []


def test_a_run_that_did_not_keep_what_it_was_given_is_known_by_its_words(plan: Plan) -> None:
    assert list(differences(plan, {"workflow": DOCUMENT}, DOCUMENT)) == []
    assert list(differences(plan, {"workflow": {}}, DOCUMENT)) == ["source", "sink"]
