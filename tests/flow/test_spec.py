"""A component travels as its type and its configuration, never as an object or a secret."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field

from beam_ingest import ConfigModel, Context, Secret, Sink
from beam_ingest.api.errors import UnknownComponent
from beam_ingest.api.server import OpenMetadataServer
from beam_ingest.api.settings import RetireLimits, RunSettings
from beam_ingest.api.source_config import DatabaseMetadata
from beam_ingest.flow.spec import (
    ComponentSpec,
    config_to_json,
    context_from_json,
    context_to_json,
)

TYPE = f"{__name__}.Kept"


class Kept(Sink):
    class Config(ConfigModel):
        class Inner(ConfigModel):
            max_size: int = 5

        host_port: str
        password: Secret | None = None
        inner: Inner = Field(default_factory=Inner)
        labels: Annotated[dict[str, str], Field(default_factory=dict)]

    opened = False

    def open(self) -> None:
        Kept.opened = True


def config(**given: Any) -> Any:
    return Kept.Config.model_validate({"hostPort": "h:1", **given})


def spec(model: Any, **changes: Any) -> ComponentSpec:
    given = {"kind": "sink", "type": TYPE, "step": "out", "config": config_to_json(model)}
    return ComponentSpec(**(given | {"context": context_to_json(Context())} | changes))


def test_a_component_is_built_from_plain_text_and_not_opened() -> None:
    made = spec(config(inner={"maxSize": 7}, labels={"a": "b"}), context=context_to_json(
        Context(service_name="svc", run_id="r1")
    ))  # fmt: skip
    built = pickle.loads(pickle.dumps(made)).build()
    assert isinstance(built, Kept)
    assert (built.config.host_port, built.config.inner.max_size) == ("h:1", 7)
    assert (built.context.service_name, built.context.run_id) == ("svc", "r1")
    assert not Kept.opened


def test_only_what_was_given_is_carried() -> None:
    assert config_to_json(config()) == '{"hostPort":"h:1"}'
    assert config_to_json(config(inner={"maxSize": 7})) == (
        '{"hostPort":"h:1","inner":{"maxSize":7}}'
    )


def test_a_secret_travels_as_its_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUT_PASSWORD", "hunter2-hunter2")
    made = spec(config(password="${OUT_PASSWORD}"))
    assert b"hunter2" not in pickle.dumps(made)
    assert "hunter2" not in repr(made)
    assert "${OUT_PASSWORD}" in made.config
    assert made.build().config.password.get() == "hunter2-hunter2"


def test_a_literal_secret_never_travels() -> None:
    made = spec(config(password="hunter2-hunter2"))
    assert "hunter2" not in made.config
    assert made.build().config.password.get() == "hunter2-hunter2"


def test_a_context_is_read_back_with_its_models() -> None:
    context = Context(
        service_name="svc",
        run_id="r1",
        source_config=DatabaseMetadata.model_validate(
            {"schemaFilterPattern": {"includes": ["^a$"]}, "includeViews": False}
        ),
        server=OpenMetadataServer.model_validate(
            {"hostPort": "http://localhost:8585/api", "authProvider": "openmetadata",
             "securityConfig": {"jwtToken": "$TOKEN"}}
        ),
        settings=RunSettings(
            batch_size=7, skip_unchanged="server", retire=RetireLimits(max_share=0.5, floor=1)
        ),
    )  # fmt: skip
    text = context_to_json(context)
    again = context_from_json(text)
    assert again == context
    assert context_to_json(again) == text


def test_an_empty_context_is_read_back() -> None:
    assert context_from_json(context_to_json(Context())) == Context()


def test_the_users_folder_comes_last_on_the_path_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A user's http.py must not shadow the standard library's.
    (tmp_path / "http.py").write_text("raise AssertionError('shadowed')")
    (tmp_path / "kept_by_user.py").write_text(
        "from beam_ingest import Sink\n\n\nclass Mine(Sink):\n    pass\n"
    )
    monkeypatch.setattr(sys, "path", list(sys.path))
    made = spec(Sink.Config(), type="kept_by_user.Mine", code_paths=(str(tmp_path),))
    for _ in range(2):
        assert type(made.build()).__name__ == "Mine"
    assert sys.path.index(str(tmp_path)) == len(sys.path) - 1
    import http.client

    assert str(tmp_path) not in (http.client.__file__ or "")
    sys.modules.pop("kept_by_user")


def test_a_type_that_is_gone_says_so() -> None:
    with pytest.raises(UnknownComponent, match="no module 'gone_for_good'"):
        spec(Sink.Config(), type="gone_for_good.Sink").build()
