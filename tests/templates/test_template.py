"""A template's declaration: its parameters, and the workflow that they fill in."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import Field

from beam_ingest.api.errors import CannotStart
from beam_ingest.api.secrets import Secret
from beam_ingest.templates.shared import reference
from beam_ingest.templates.template import Parameters, Template, parameters_of


class Shop(Parameters):
    limit: int = Field(5, ge=1, description="How many.")
    kind: Literal["big", "small"] = Field(description="What kind.")
    names: list[str] = Field([], description="Which names.")
    token: Secret | None = Field(None, description="The token.")
    full: bool = Field(False, description="Whether all of it.")
    host_port: str | None = Field(None, description="Where.", pattern="^.+:[0-9]+$")


def _workflow(shop: Shop) -> dict[str, Any]:
    return {
        "kind": shop.kind,
        "connection": {"token": reference(shop.token), "at": {"hostPort": shop.host_port}},
        "patterns": {"includes": shop.names},
        "limit": shop.limit,
        "full": shop.full,
    }


TEMPLATE = Template("shop", "Shop", "A shop.", Shop, _workflow, shown=("host_port",))


def test_parameters_come_from_the_declaration_those_required_first() -> None:
    found = {each.name: each for each in parameters_of(Shop)}
    assert list(found) == ["kind", "limit", "names", "token", "full", "hostPort"]
    types = {name: each.type for name, each in found.items()}
    assert types == {
        "kind": "choice", "limit": "number", "names": "list", "token": "secret",
        "full": "boolean", "hostPort": "text",
    }  # fmt: skip
    assert found["kind"].required
    assert found["kind"].choices == ("big", "small")
    assert [found[name].default_text for name in ("limit", "names", "token", "full")] == [
        "5", None, None, "false",
    ]  # fmt: skip
    assert found["hostPort"].pattern == "^.+:[0-9]+$"
    assert found["hostPort"].label == "Host port"


def test_what_is_typed_fills_in_the_workflow() -> None:
    given = {"kind": "big", "names": "^a; b{1,2} ;", "limit": "7", "full": "true"}
    assert TEMPLATE.fill_in(given) == {
        "kind": "big", "patterns": {"includes": ["^a", "b{1,2}"]}, "limit": 7, "full": True,
    }  # fmt: skip


def test_a_secret_stays_a_reference() -> None:
    filled = TEMPLATE.fill_in({"kind": "big", "token": "file:/run/token"})
    assert filled["connection"] == {"token": "file:/run/token"}


def test_a_secret_given_as_it_is_goes_to_the_vault() -> None:
    filled = TEMPLATE.fill_in({"kind": "big", "token": "s3cret"})
    assert "s3cret" not in str(filled)
    assert Secret(filled["connection"]["token"]).get() == "s3cret"


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(CannotStart) as caught:
        TEMPLATE.fill_in({"kind": "huge", "limit": "no", "hostPort": "x", "other": "1"})
    message = caught.value.message
    assert message.startswith("shop: ")
    assert "--kind: is one of big, small" in message
    assert "--limit: " in message
    assert "--hostPort: " in message
    assert "--other: " in message


def test_a_missing_parameter_is_named() -> None:
    with pytest.raises(CannotStart) as caught:
        TEMPLATE.fill_in({})
    assert caught.value.message == "shop: --kind is missing"


def test_a_mistake_in_a_secret_does_not_show_it() -> None:
    with pytest.raises(CannotStart) as caught:
        TEMPLATE.fill_in({"token": "s3cret"})
    assert "s3cret" not in f"{caught.value.message} {caught.value.hint}"


def test_the_workflow_file_has_variables_for_what_has_no_default() -> None:
    assert TEMPLATE.with_placeholders() == {
        "kind": "big", "connection": {"at": {"hostPort": "${HOST_PORT}"}}, "limit": 5,
        "full": False,
    }  # fmt: skip
