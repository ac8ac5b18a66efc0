"""Secrets are planted in every place of a configuration that can hold one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, model_validator

from beam_ingest import ConfigModel, Secret
from beam_ingest.api.secrets import Options
from beam_ingest.testing.planting import found_in, open_secrets, plant


class Basic(ConfigModel):
    type: Literal["basic"] = "basic"
    password: Secret


class Key(ConfigModel):
    type: Literal["key"] = "key"
    private_key: Secret
    passphrase: Secret | None = None


class Config(ConfigModel):
    host: str = "localhost"
    token: Secret | None = None
    server: Basic | None = None
    auth: Annotated[Basic | Key | None, Field(discriminator="type")] = None
    replicas: list[Basic] = []
    tokens: list[Secret] = []
    options: Options = {}
    labels: dict[str, Any] = {}


def paths(config: dict[str, Any], model: type[ConfigModel] = Config) -> set[str]:
    return {".".join(map(str, path)) for path in plant(model, config).paths}


def test_empty_places_are_filled() -> None:
    assert paths({}) == {"token", "server.password", "options.password"}


def test_written_secrets_are_replaced_wherever_they_are() -> None:
    config = {
        "token": "old",
        "auth": {"type": "key", "privateKey": "old"},
        "replicas": [{"password": "old"}, {"password": "old"}],
        "tokens": ["old", "${OLD}"],
        "options": {"sslPassword": "old", "deep": {"apiKey": "old"}},
    }
    planted = plant(Config, config)
    assert "old" not in str(planted.config)
    assert paths(config) == {
        "token", "server.password", "auth.privateKey", "auth.passphrase", "replicas.0.password",
        "replicas.1.password", "tokens.0", "tokens.1", "options.sslPassword",
        "options.deep.apiKey", "options.password",
    }  # fmt: skip


def test_what_is_planted_is_what_the_component_gets() -> None:
    planted = plant(Config, {"token": "old"})
    token = Config.model_validate(planted.config).token
    assert token is not None
    assert token.get() == planted.secrets[planted.paths.index(("token",))]


def test_each_place_gets_a_secret_of_its_own() -> None:
    planted = plant(Config, {})
    assert len(set(planted.secrets)) == len(planted.secrets) == len(planted.paths) == 3


def test_a_place_that_contradicts_another_is_left_empty() -> None:
    class Either(ConfigModel):
        password: Secret | None = None
        token: Secret | None = None

        @model_validator(mode="after")
        def _one(self) -> Either:
            if self.password and self.token:
                raise ValueError("a password or a token")
            return self

    assert paths({"token": "old"}, Either) == {"token"}
    assert paths({}, Either) == {"password"}


def test_a_mapping_that_keeps_no_secrets_is_left_alone() -> None:
    assert "labels" not in plant(Config, {}).config


def test_a_secret_is_found_in_text_and_in_bytes() -> None:
    secrets = plant(Config, {}).secrets
    assert found_in(f"https://user:{secrets[1]}@host", secrets) == [secrets[1]]
    assert found_in(b"\x80" + secrets[0].encode() + b"\xff", secrets) == [secrets[0]]
    assert found_in("nothing", secrets) == []


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("password", True),
        ("db_password", True),
        ("api_key", True),
        ("client_secret", True),
        ("secret_access_key", True),
        ("personal_access_token", True),
        ("password_file", False),
        ("page_token", False),
        ("key", False),
        ("secret_name", False),
    ],
)
def test_a_key_that_names_a_secret_is_known_by_its_name(name: str, secret: bool) -> None:
    body: dict[str, Any] = {"__annotations__": {name: str}, "__module__": __name__}
    model = type("Model", (ConfigModel,), body)
    assert bool(list(open_secrets(model))) is secret


def test_plain_passwords_are_found_in_nested_models_too() -> None:
    class Server(ConfigModel):
        password: str
        kept: Secret

    class Outer(ConfigModel):
        servers: list[Server] | None = None

    assert list(open_secrets(Outer)) == ["servers.password"]
