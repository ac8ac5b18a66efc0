"""The python processor: a function or class by dotted path."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from beam_ingest import Context, Drop, FatalError
from beam_ingest.processors.python import PythonProcessor

MINE = "tests.processors.mine"


def opened(name: str, **options: Any) -> PythonProcessor:
    config = PythonProcessor.Config.model_validate(
        {"function": f"{MINE}.{name}", **({"options": options} if options else {})}
    )
    processor = PythonProcessor(config, Context())
    processor.open()
    return processor


def refusal(config: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(ValidationError) as caught:
        PythonProcessor.Config.model_validate(config)
    (error,) = caught.value.errors()
    return str(error["loc"][0]), error["msg"]


def test_a_function_is_called_with_the_record_and_the_options() -> None:
    assert opened("tag").process({"n": 1}) == {"n": 1, "colour": "red"}
    assert opened("tag", colour="blue").process({"n": 1}) == {"n": 1, "colour": "blue"}


def test_a_generator_makes_several_records() -> None:
    results = opened("twice").process({"n": 1})
    assert results is not None
    assert list(results) == [{"n": 1}, {"n": 1, "copy": True}]


def test_a_function_may_drop() -> None:
    with pytest.raises(Drop, match="not wanted"):
        opened("drop").process({"n": 1})


def test_a_class_is_built_with_the_options_and_closed_at_the_end() -> None:
    processor = opened("Prefix", prefix="a-")
    made = processor._object
    assert [processor.process({"n": n}) for n in (1, 2)] == [{"n": "a-1"}, {"n": "a-2"}]
    processor.close()
    processor.close()
    assert made.closed == 1


def test_an_object_without_process_is_called_itself() -> None:
    assert opened("Called").process({"n": 1}) == [{"n": 1}, {"n": 1}]


def test_a_password_among_the_options_is_shown_nowhere_and_reaches_the_class() -> None:
    processor = opened("Prefix", prefix="a-", password="hunter2")
    assert "hunter2" not in f"{processor.config!r}{processor.config.model_dump_json()}"
    assert processor._object.password == "hunter2"


def test_a_function_without_a_signature_is_called_unchecked() -> None:
    config = PythonProcessor.Config.model_validate({"function": "builtins.max"})
    processor = PythonProcessor(config, Context())
    processor.open()
    assert str(processor.process({"b": 1, "a": 2})) == "b"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("tag", "'tag' is no dotted path"),
        (f"{MINE}.tagg", "has no 'tagg' (did you mean 'tag'?)"),
        ("nowhere.tag", "there is no module 'nowhere'"),
        (f"{MINE}.not_callable", "is no function or class but of type int"),
        (f"{MINE}.Nothing", "has neither a method process nor __call__"),
        (f"{MINE}.Proper", f"is a processor of its own: write type: {MINE}.Proper"),
    ],
)
def test_what_cannot_be_called_is_a_mistake_in_the_configuration(path: str, message: str) -> None:
    where, what = refusal({"function": path})
    assert where == "function"
    assert message in what


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("tag", {"color": "red"}, "got an unexpected keyword argument 'color'"),
        ("Prefix", {}, "missing a required argument: 'prefix'"),
        ("takes_nothing", {}, "too many positional arguments"),
    ],
)
def test_options_that_do_not_fit_are_a_mistake_in_the_configuration(
    name: str, options: dict[str, Any], message: str
) -> None:
    where, what = refusal({"function": f"{MINE}.{name}", "options": options})
    assert where == "options"
    assert message in what


def test_a_constructor_that_raises_stops_the_run() -> None:
    with pytest.raises(FatalError, match=r"mine\.Broken cannot be built: OSError: no such model"):
        opened("Broken")
