"""A wrapper keeps what it wraps: its kind, its configuration, each of its methods."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from beam_ingest import Context, Sink, Stage, TransientError
from beam_ingest.api.source import UncheckedSourceConfig
from beam_ingest.testing.faults import (
    Fault,
    FaultScript,
    FaultyBulkSink,
    FaultyProcessor,
    FaultySink,
    FaultySource,
    faulty,
)
from tests.testing.broken.sources import GoodSource, SourceOptions
from tests.testing.faults.carriers import PublishesAlways, build

GOOD_SOURCE = "tests.testing.broken.sources.GoodSource"
SOURCE = {"wraps": GOOD_SOURCE, "config": {"schemas": ["shop"]}}


def test_a_listing_ends_where_the_script_says() -> None:
    config = {**SOURCE, "faults": [{"on": "splits", "at": 2, "raise": "transient"}]}
    source = FaultySource(FaultySource.Config.model_validate(config), Context())
    listed: list[Any] = []
    with pytest.raises(TransientError):
        for one in source.splits():
            listed.append(one)
    assert [one.key for one in listed] == ["shop"]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({}, "one of raise"),
        ({"raise": "error", "kill": True}, "one of raise"),
        ({"disk": "full"}, "under"),
        ({"after": True, "outcomes": "short"}, "after goes with"),
        ({"raise": "eror"}, "transient"),
        ({"at": 0, "kill": True}, "greater than or equal to 1"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(fault: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Fault.model_validate(fault)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"on": "reed", "kill": True}, "no method 'reed', only read"),
        ({"outcomes": "short"}, "write and publish"),
        ({"after": True, "kill": True}, "read counts records"),
    ],
)
def test_a_fault_that_a_source_cannot_have_is_refused(fault: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        FaultySource.Config.model_validate({**SOURCE, "faults": [fault]})


def test_the_wrapped_configuration_is_validated_and_a_typo_found_in_place() -> None:
    with pytest.raises(ValidationError) as caught:
        FaultySource.Config.model_validate({"wraps": GOOD_SOURCE, "config": {"schema": []}})
    assert {error["loc"] for error in caught.value.errors()} == {
        ("config", "schemas"),
        ("config", "schema"),
    }


@pytest.mark.parametrize(
    ("config", "type_", "words"),
    [
        (FaultySource.Config, "sqlit", "did you mean 'sqlite'"),
        (FaultySource.Config, "tests.testing.broken.streams.GoodStream", "is no Source"),
        (FaultySink.Config, "tests.testing.broken.staged_sinks.GoodStagedSink", "is no Sink"),
        (FaultyProcessor.Config, GOOD_SOURCE, "is no processor"),
    ],
)
def test_only_a_component_of_the_same_kind_is_wrapped(config: Any, type_: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        config.model_validate({"wraps": type_})


def test_a_wrapped_source_gets_its_own_source_config() -> None:
    given = UncheckedSourceConfig.model_validate({"includeViews": False})
    source = FaultySource(FaultySource.Config.model_validate(SOURCE), Context(source_config=given))
    assert isinstance(source.wrapped, GoodSource)
    assert source.wrapped.context.source_config == SourceOptions(include_views=False)


def test_a_wrapped_bulk_sink_commits_when_it_would() -> None:
    assert faulty(build(PublishesAlways), FaultScript([])).commit_on == "completed"
    config = FaultyBulkSink.Config(wraps="tests.testing.faults.carriers.PublishesAlways")
    assert FaultyBulkSink(config, Context()).commit_on == "completed"


def test_what_is_no_component_is_not_wrapped() -> None:
    with pytest.raises(TypeError, match="object"):
        faulty(object(), FaultScript([]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("on", "call"),
    [
        ("keyed", lambda stage: stage.keyed({})),
        ("combine", lambda stage: stage.combine(1, 2)),
        ("finish", lambda stage: stage.finish("key", {})),
        ("encode", lambda stage: stage.encode({})),
        ("open", lambda stage: stage.open()),
    ],
)
def test_each_method_of_a_stage_can_fail(on: str, call: Any) -> None:
    stage = faulty(build(Stage), FaultScript([{"on": on, "raise": "error"}]))
    with pytest.raises(RuntimeError):
        call(stage)


@pytest.mark.parametrize("on", ["begin", "commit", "abort", "retire"])
def test_each_end_of_a_run_can_fail(on: str) -> None:
    sink = faulty(build(Sink), FaultScript([{"on": on, "raise": "transient"}]))
    arguments: dict[str, list[Any]] = {"begin": [], "retire": [None]}
    with pytest.raises(TransientError):
        getattr(sink, on)(*arguments.get(on, [None]))
    assert getattr(sink, on)(*arguments.get(on, [None])) is None
