"""The base of configuration models, and the marks of their keys."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError

from beam_ingest.api.config_model import (
    ConfigModel,
    Ignored,
    KeyFinding,
    Refused,
    marked_keys,
)

NOTHING = Ignored("it does nothing")
IMPOSSIBLE = Refused("it cannot be done")


class Inner(ConfigModel):
    deep: Annotated[bool, NOTHING] = True


class Model(ConfigModel):
    some_key: int = 5
    maybe: int | None = 3
    choice: Literal["a", None] = "a"
    anything: Any = 1
    needed: str
    quiet: Annotated[bool, NOTHING] = False
    never: Annotated[Any, IMPOSSIBLE] = None
    inner: Inner | None = None
    many: list[Inner] = Field(default_factory=list)
    named: dict[str, Inner] = Field(default_factory=dict)


def test_keys_are_camel_case_in_yaml_and_snake_case_in_python() -> None:
    assert Model.model_validate({"someKey": 1, "needed": "x"}).some_key == 1
    assert Model(some_key=1, needed="x").model_dump(by_alias=True)["someKey"] == 1


def test_an_unknown_key_is_refused_and_its_value_not_shown() -> None:
    with pytest.raises(ValidationError) as caught:
        Model.model_validate({"needed": "x", "other": "geheim"})
    assert "geheim" not in str(caught.value)


def test_a_model_is_frozen() -> None:
    with pytest.raises(ValidationError):
        Model(needed="x").needed = "y"  # type: ignore[misc]


def test_a_key_without_a_value_counts_as_not_written() -> None:
    model = Model.model_validate({"needed": "x", "someKey": None, "some_key": None, "many": None})
    assert model.some_key == 5
    assert model.many == []
    assert model.model_fields_set == {"needed"}


def test_none_stays_where_it_has_a_meaning() -> None:
    model = Model.model_validate(
        {"needed": "x", "maybe": None, "choice": None, "anything": None, "inner": None}
    )
    assert (model.maybe, model.choice, model.anything, model.inner) == (None, None, None, None)


def test_none_is_no_value_for_what_is_needed() -> None:
    with pytest.raises(ValidationError):
        Model.model_validate({"needed": None})


def test_marked_keys_that_were_written_are_found_wherever_they_are() -> None:
    model = Model.model_validate(
        {
            "needed": "x",
            "quiet": False,
            "never": 5,
            "inner": {"deep": False},
            "many": [{}, {"deep": True}],
            "named": {"a": {"deep": True}},
        }
    )
    assert list(marked_keys(model)) == [
        KeyFinding(("quiet",), NOTHING),
        KeyFinding(("never",), IMPOSSIBLE),
        KeyFinding(("inner", "deep"), NOTHING),
        KeyFinding(("many", 1, "deep"), NOTHING),
        KeyFinding(("named", "a", "deep"), NOTHING),
    ]


def test_marked_keys_that_were_not_written_are_not_found() -> None:
    assert list(marked_keys(Model(needed="x"))) == []


def test_a_refused_key_that_asks_for_nothing_is_let_through() -> None:
    assert list(marked_keys(Model.model_validate({"needed": "x", "never": None}))) == []
