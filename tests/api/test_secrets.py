"""Secrets and free-form mappings that may hold them."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_ingest.api import vault
from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.errors import FatalError
from beam_ingest.api.secrets import (
    MASK,
    Expanded,
    Options,
    Secret,
    is_reference,
    names_a_secret,
    resolve_options,
    secret_options,
    variables,
)
from beam_ingest.api.vault import vault_environment

GEHEIM = "geheim-4711"


class Model(ConfigModel):
    password: Secret
    options: Options | None = None


def test_a_variable_is_read_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = Secret("${PW}")
    monkeypatch.setenv("PW", GEHEIM)
    assert secret.get() == GEHEIM
    monkeypatch.setenv("PW", "another")
    assert secret.get() == "another"
    assert not secret.is_literal


def test_an_unset_variable_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PW", raising=False)
    with pytest.raises(FatalError, match="PW is not set on this worker"):
        Secret("$PW").get()


def test_a_file_is_read_without_its_last_line_break(tmp_path: Path) -> None:
    file = tmp_path / "pw"
    file.write_text(" a b \r\n")
    assert Secret(f"file:{file}").get() == " a b "


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "pw"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(FatalError, match="cannot be read"):
        Secret(f"file:{file}").get()


@given(st.text())
def test_any_literal_comes_back_as_it_was(text: str) -> None:
    secret = Secret(text)
    if secret.is_literal:
        assert secret.get() == text
        assert secret.reference.startswith("vault:")
    else:
        assert is_reference(text) or text.startswith("vault:")


def test_text_around_a_variable_is_no_reference() -> None:
    secret = Secret(Expanded("user:geheim", "user:${PW}"))
    assert secret.is_literal
    assert secret.get() == "user:geheim"


def test_an_expanded_value_that_looks_like_a_reference_is_none() -> None:
    secret = Secret(Expanded("$HOME", "${A}${B}"))
    assert secret.get() == "$HOME"


def test_the_path_of_a_file_may_hold_a_variable(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text(GEHEIM)
    assert Secret(Expanded(f"file:{tmp_path}/pw", "file:${DIR}/pw")).get() == GEHEIM


def test_a_secret_is_in_no_text_and_no_pickle() -> None:
    model = Model(password=GEHEIM, options={"token": GEHEIM, "list": [{"apiKey": GEHEIM}]})
    texts = [
        repr(model), str(model), model.model_dump_json(), json.dumps(model.model_dump()),
        repr(model.model_dump()), repr(pickle.dumps(model)), f"{model.password}",
        str(model.password), repr([model.password]), json.dumps(Model.model_json_schema()),
    ]  # fmt: skip
    assert not [text for text in texts if GEHEIM in text]
    assert MASK in repr(model)


def test_a_model_with_secrets_comes_back_from_json_and_pickle() -> None:
    model = Model(password=GEHEIM, options={"token": GEHEIM, "port": 5, "who": "$USER_NAME"})
    for copy in (
        Model.model_validate_json(model.model_dump_json()),
        Model.model_validate(model.model_dump()),
        pickle.loads(pickle.dumps(model)),
    ):
        assert copy == model
        assert copy.password.get() == GEHEIM
        assert copy.options
        assert copy.options["token"].get() == GEHEIM
        assert copy.options["port"] == 5
        assert copy.options["who"].reference == "$USER_NAME"


@pytest.mark.parametrize("literal", [GEHEIM, "", "zwölf\x00\n\ud800", "\N{GRINNING FACE}"])
def test_a_local_child_gets_the_literals_through_its_environment(
    monkeypatch: pytest.MonkeyPatch, literal: str
) -> None:
    secret = Secret(literal)
    for name, value in vault_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(vault, "_vault", {})
    assert secret.get() == literal


def test_a_literal_that_did_not_reach_the_worker_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = Secret(GEHEIM)
    monkeypatch.setattr(vault, "_vault", {})
    with pytest.raises(FatalError, match="did not reach this worker"):
        secret.get()


def test_secrets_are_equal_by_their_references() -> None:
    assert Secret("$A") == Secret("$A")
    assert len({Secret("$A"), Secret("$A"), Secret("$B")}) == 2
    assert Secret("$A") != "$A"


@pytest.mark.parametrize(("value", "text"), [(5432, "5432"), (1.5, "1.5"), ("x", "x")])
def test_numbers_are_taken_as_text(value: Any, text: str) -> None:
    assert Model(password=value).password.get() == text


@pytest.mark.parametrize("value", [None, True, [], {}, b"x"])
def test_anything_else_is_no_secret(value: Any) -> None:
    with pytest.raises(ValueError, match="a secret is a string"):
        Model.model_validate({"password": value})


def test_in_free_form_mappings_what_was_referenced_stays_a_reference() -> None:
    options = secret_options(
        {
            "sslmode": "require",
            "any": Expanded("x", "$ANY"),
            "file": "file:/x",
            "passphrase": "literal",
            "proxy": "http://me:literal@proxy:3128",
            "docs": "http://host/docs",
            "deep": {"clientSecret": "literal", "size": 5},
            "flag": True,
        }
    )
    assert options["sslmode"] == "require"
    assert options["any"] == Secret("$ANY")
    assert options["file"] == Secret("file:/x")
    assert isinstance(options["passphrase"], Secret)
    assert isinstance(options["proxy"], Secret)
    assert options["docs"] == "http://host/docs"
    assert isinstance(options["deep"]["clientSecret"], Secret)
    assert options["deep"]["size"] == 5
    assert options["flag"] is True


def test_the_worker_gets_plain_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANY", GEHEIM)
    options = secret_options({"a": "$ANY", "b": [{"token": "t"}], "c": 1})
    assert resolve_options(options) == {"a": GEHEIM, "b": [{"token": "t"}], "c": 1}


def test_no_options_are_none() -> None:
    assert secret_options(None) == {}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("$A", ["A"]), ("${A_1}", ["A_1"]), ("x$A-${B}", ["A", "B"]), ("$1", []), ("^a$", []),
        ("${}", []), ("${a-b}", []), ("$$A", ["A"]), ("\N{LATIN SMALL LETTER E WITH ACUTE}$", []),
    ],
)  # fmt: skip
def test_variables_are_named_as_in_a_shell(text: str, names: list[str]) -> None:
    assert variables(text) == names


@pytest.mark.parametrize("key", ["password", "jwtToken", "SSL_PRIVATE", "api_key", "apiKey",
                                 "X-Api-Key", "Authorization", "awsSecretAccessKey",
                                 "sslKey"])  # fmt: skip
def test_keys_that_name_secrets(key: str) -> None:
    assert names_a_secret(key)


@pytest.mark.parametrize("key", ["keyboard", "primaryKey", "name", "path", "partitionKey"])
def test_keys_that_do_not(key: str) -> None:
    assert not names_a_secret(key)


def test_an_expanded_text_is_text_and_keeps_its_reference() -> None:
    text = Expanded("value", "$NAME")
    copy = pickle.loads(pickle.dumps(text))
    assert (text, copy, copy.reference) == ("value", "value", "$NAME")
