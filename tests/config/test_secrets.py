"""Secrets of a workflow: references until a worker reads them, and never in a text of ours."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from beam_ingest.api.secrets import MASK, Secret
from beam_ingest.config.load import ConfigError, load
from beam_ingest.config.model import WorkflowConfig
from beam_ingest.flow.spec import config_to_json
from tests.config import parts
from tests.config.conftest import Load, Problems, config_of

GEHEIM = "geheim-4711"

TEXT = """\
source:
  type: tests.config.parts.Db
  serviceName: shop
  serviceConnection:
    config:
      password: {password}
      connectionOptions: {{token: {token}, sslmode: require}}
sink:
  type: tests.config.parts.Out
  config: {{dsn: {dsn}}}
beam: {{runner: {runner}}}
"""

REMOTE = "PortableRunner, workDir: s3://bucket/runs"


def workflow(password: str = "x", token: str = "y", dsn: str = "z", runner: str = "local") -> str:
    return TEXT.format(password=password, token=token, dsn=dsn, runner=runner)


def given(secret: Secret | None) -> Secret:
    assert secret is not None
    return secret


def everything(checked: WorkflowConfig) -> str:
    """All that a run could store or print of a workflow, but the vault of this process."""
    parts = checked.components
    return "\n".join(
        [
            repr(checked),
            json.dumps(checked.document),
            *(part.config.model_dump_json(by_alias=True) for part in parts),
            *(repr(pickle.dumps(part.config)) for part in parts),
            *checked.notices,
        ]
    )


def test_a_variable_stays_a_reference(loaded: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_PASSWORD", GEHEIM)
    checked = loaded(workflow("$PG_PASSWORD", "'${PG_PASSWORD}'", "'${PG_PASSWORD}'"))
    source = config_of(parts.Db.Config, checked.source)
    assert source.password and source.password.reference == "$PG_PASSWORD"
    assert source.connection_options["token"].reference == "${PG_PASSWORD}"
    assert source.password.get() == GEHEIM
    assert GEHEIM not in everything(checked)
    assert checked.document["source"]["serviceConnection"]["config"]["password"] == "$PG_PASSWORD"


def test_a_literal_is_masked_wherever_it_stands(loaded: Load) -> None:
    checked = loaded(workflow(GEHEIM, GEHEIM, GEHEIM))
    assert given(config_of(parts.Db.Config, checked.source).password).get() == GEHEIM
    assert given(config_of(parts.Out.Config, checked.sink).dsn).get() == GEHEIM
    assert GEHEIM not in everything(checked)
    connection = checked.document["source"]["serviceConnection"]["config"]
    assert connection["password"] == MASK
    assert connection["connectionOptions"] == {"token": MASK, "sslmode": "require"}
    assert checked.document["sink"]["config"]["dsn"] == MASK


def test_text_around_a_variable_is_masked_as_a_whole(
    loaded: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PW", GEHEIM)
    checked = loaded(workflow(dsn="'user:pre${PW}@host'"))
    assert given(config_of(parts.Out.Config, checked.sink).dsn).get() == f"user:pre{GEHEIM}@host"
    assert GEHEIM not in everything(checked)
    assert checked.document["sink"]["config"]["dsn"] == MASK


def test_a_secret_of_a_mapping_given_from_python_is_masked_too() -> None:
    checked = load(
        {
            "source": {"type": "tests.config.parts.Lines", "config": {"path": "x"}},
            "sink": {"type": "tests.config.parts.Out", "config": {"token": GEHEIM}},
        }
    )
    assert given(config_of(parts.Out.Config, checked.sink).token).get() == GEHEIM
    assert GEHEIM not in everything(checked)


def test_a_password_in_a_url_is_masked_in_what_is_stored(loaded: Load) -> None:
    checked = loaded(
        "source: {type: tests.config.parts.Lines, config: {path: 'ftp://me:geheim@host/x'}}\n"
        "sink: {type: tests.config.parts.Out}\n"
    )
    assert checked.document["source"]["config"]["path"] == f"ftp://me:{MASK}@host/x"


def test_a_file_stays_a_reference(loaded: Load, tmp_path: Path) -> None:
    file = tmp_path / "pw"
    file.write_text(GEHEIM + "\n")
    checked = loaded(workflow(f"file:{file}"))
    assert given(config_of(parts.Db.Config, checked.source).password).get() == GEHEIM
    assert GEHEIM not in everything(checked)


def test_a_file_may_be_named_by_a_variable(
    loaded: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pw").write_text(GEHEIM)
    monkeypatch.setenv("FOLDER", str(tmp_path))
    checked = loaded(workflow("'file:${FOLDER}/pw'"))
    assert given(config_of(parts.Db.Config, checked.source).password).get() == GEHEIM


def test_a_file_that_cannot_be_read_is_found_before_a_local_run(
    problems: Problems, tmp_path: Path
) -> None:
    (problem,) = problems(workflow(f"file:{tmp_path}/none"))
    assert (problem.path, problem.line) == ("source.serviceConnection.config.password", 6)
    assert problem.message == "the secret's file cannot be read: No such file or directory"


def test_a_file_of_remote_workers_is_theirs(loaded: Load) -> None:
    found = loaded(workflow("file:/none", "file:/none", "file:/none", runner=REMOTE))
    assert not found.beam.is_local


def test_a_literal_is_refused_for_a_remote_runner(problems: Problems) -> None:
    found = problems(workflow(GEHEIM, GEHEIM, GEHEIM, runner=REMOTE))
    assert [(problem.line, problem.path) for problem in found] == [
        (6, "source.serviceConnection.config.password"),
        (7, "source.serviceConnection.config.connectionOptions.token"),
        (10, "sink.config.dsn"),
    ]
    assert all("plain text" in problem.message for problem in found)
    assert GEHEIM not in str(found)


URL = f"https://me:{GEHEIM}@host/db"


def with_url(runner: str) -> str:
    text = workflow("file:/x", "file:/x", "file:/x", runner).replace("token: file:/x", "token: 1")
    text = text.replace("{token: 1, sslmode: require}", f"{{proxy: '{URL}', sslmode: require}}")
    return text.replace("dsn: file:/x", f"path: '{URL}'")


def test_a_password_in_a_url_is_refused_for_a_remote_runner(problems: Problems) -> None:
    found = problems(with_url(REMOTE))
    assert [(problem.line, problem.path) for problem in found] == [
        (7, "source.serviceConnection.config.connectionOptions.proxy"),
        (10, "sink.config.path"),
    ]
    assert all("plain text" in problem.message for problem in found)
    assert GEHEIM not in str(found)


def test_a_password_in_a_url_is_in_nothing_that_is_stored(loaded: Load) -> None:
    found = loaded(with_url("local").replace("file:/x", "x"))
    assert getattr(found.components[-1].config, "path", None) == URL
    assert GEHEIM not in repr(found) + json.dumps(found.document)
    assert GEHEIM not in "".join(config_to_json(part.config) for part in found.components)


def test_workers_in_this_process_are_not_remote(loaded: Load) -> None:
    found = loaded(workflow(runner="PortableRunner, options: {environment_type: LOOPBACK}"))
    assert found.beam.is_local


def test_an_unset_variable_is_a_problem_for_secrets_too(problems: Problems) -> None:
    (problem,) = problems(workflow("$NO_SUCH_PASSWORD"))
    assert (problem.path, problem.line) == ("source.serviceConnection.config.password", 6)
    assert problem.message == "the environment variable NO_SUCH_PASSWORD is not set"


@pytest.mark.parametrize("password", [GEHEIM, "'${PG_PASSWORD}'", "'${OTHER}'"])
def test_a_message_that_tells_a_secret_is_masked(
    problems: Problems, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    monkeypatch.setenv("PG_PASSWORD", GEHEIM)
    monkeypatch.setenv("OTHER", GEHEIM)
    (problem,) = problems(
        "source: {type: tests.config.parts.Lines, config: {path: x}}\n"
        f"sink:\n  type: tests.config.parts.Tactless\n  config:\n    password: {password}\n"
    )
    assert problem.message == f"{MASK} is too simple"


def test_a_secret_in_the_wrong_place_is_not_told(file: Path) -> None:
    file.write_text(workflow(f"{{{GEHEIM}: {GEHEIM}}}", f"[{GEHEIM}", GEHEIM))
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert GEHEIM not in str(caught.value)
    file.write_text(workflow(f"[{GEHEIM}]"))
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert GEHEIM not in str(caught.value)
    assert GEHEIM not in repr(caught.value.problems)


def test_pydantics_own_secrets_are_refused(problems: Problems) -> None:
    (problem,) = problems(
        "source: {type: tests.config.parts.Lines, config: {path: x}}\n"
        "sink: {type: tests.config.parts.PlainSecret, config: {password: x}}\n"
    )
    assert problem.path == "sink.config.password"
    assert problem.hint == "use beam_ingest.Secret in the component's Config"


def test_keys_written_as_in_python_are_masked_too(loaded: Load) -> None:
    checked = loaded(
        "source: {type: tests.config.parts.Lines, config: {path: x}}\n"
        "sink: {type: tests.config.parts.Out}\n"
        "workflowConfig:\n  openMetadataServerConfig:\n    host_port: http://x\n"
        f"    security_config: {{jwt_token: {GEHEIM}}}\n"
    )
    security = checked.server and checked.server.security_config
    assert security and given(security.jwt_token).get() == GEHEIM
    assert GEHEIM not in everything(checked)


def test_a_connection_that_the_server_will_give_has_no_secrets_yet() -> None:
    checked = load({
        "source": {"type": "postgres", "serviceName": "shop"},
        "sink": {"type": "console"},
        "workflowConfig": {"openMetadataServerConfig": {"hostPort": "http://om:8585/api"}},
    })  # fmt: skip
    assert checked.connection_from_server
