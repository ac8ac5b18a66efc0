"""Secrets planted in every place of a workflow are in nothing that a run shows or leaves behind.

The components misbehave: they log their secrets and put them into every error.
"""

from __future__ import annotations

import bz2
import json
import os
import time
import zlib
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
import yaml

from beam_ingest.flow.build import build
from beam_ingest.testing.planting import found_in
from beam_ingest.workflow import Workflow
from tests.acceptance.command import Project, children

pytestmark = pytest.mark.slow


class Planter:
    """Makes unique secrets, each a literal, a variable or a file."""

    def __init__(self, folder: Path, *, literals: bool = True) -> None:
        self.folder = folder
        self.secrets: list[str] = []
        self.variables: dict[str, str] = {}
        self._forms = ["variable", "file", *(["literal"] if literals else [])]

    def plain(self) -> str:
        self.secrets.append(f"zq9Planted{len(self.secrets):03d}Secret")
        return self.secrets[-1]

    def one(self) -> str:
        form, secret = self._forms[len(self.secrets) % len(self._forms)], self.plain()
        if form == "variable":
            name = f"PLANTED_{len(self.secrets)}"
            self.variables[name] = secret
            return f"${{{name}}}"
        if form == "file":
            path = self.folder / f"secret-{len(self.secrets)}"
            path.write_text(secret + "\n")
            return f"file:{path}"
        return secret

    def keys(self) -> dict[str, Any]:
        return {
            "password": self.one(),
            "inner": {"token": self.one()},
            "listed": [self.one(), self.one()],
            "mapped": {"a": self.one()},
            "options": {
                "password": self.one(),
                "deep": {"api_key": self.one()},
                "proxy": f"http://me:{self.plain()}@proxy:3128",
            },
            "url": f"postgresql://me:{self.plain()}@localhost/db",
        }


def workflow(planter: Planter, **beam_block: Any) -> dict[str, Any]:
    def leaky(name: str) -> dict[str, Any]:
        return {"type": f"tests.acceptance.leaky_parts.Leaky{name}", "config": planter.keys()}

    source, sink = leaky("Source"), leaky("Sink")
    return {
        "source": {**source, "serviceName": "svc"},
        "processors": [leaky("Processor")],
        "sink": sink,
        "stage": {"type": "file"},
        "bulkSink": leaky("Bulk"),
        "workflowConfig": {
            "loggerLevel": "DEBUG",
            "openMetadataServerConfig": {
                "hostPort": f"http://me:{planter.plain()}@localhost:1/api",
                "securityConfig": {"jwtToken": planter.one()},
                "extraHeaders": {"Authorization": planter.one()},
            },
        },
        "beam": beam_block,
    }


def test_nothing_that_a_run_shows_or_leaves_behind_holds_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path / "project")
    project.folder.mkdir()
    planter = Planter(tmp_path)
    config = workflow(planter, workers=2)
    for name, value in planter.variables.items():
        monkeypatch.setenv(name, value)
    project.write(config)
    process = project.start("run", "-c", "workflow.yaml", "--debug", "--json")
    arguments: set[str] = set()
    workers: set[int] = set()
    while process.poll() is None:
        arguments |= {_cmdline(process.pid), *map(_cmdline, workers)}
        workers |= _children(process.pid)
        time.sleep(0.05)
        if (project.folder / "runs").exists() and len(arguments) > 3:
            break
    out, err = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "cannot log in with **********" in err, "the components have said nothing"
    assert workers, "no worker was seen"
    report = json.loads(out)
    assert report["deadLetters"]["count"] >= 8
    shown = {"stdout": out, "stderr": err, "arguments": "\n".join(arguments)}
    for verb in ("preview", "validate", "graph", "replay latest"):
        done = project.run(*verb.split(), "-c", "workflow.yaml", "--debug")
        assert done.stdout + done.stderr, verb
        shown[verb] = done.stdout + done.stderr
    shown["dead-letters"] = project.run("dead-letters", "latest", "--json").stdout
    files = [path for path in (project.folder / "runs").rglob("*") if path.is_file()]
    assert len(files) > 20
    shown |= {str(path): path.read_bytes().decode("latin-1") for path in files}
    leaks = {where: found_in(text, planter.secrets) for where, text in shown.items()}
    assert {where: found for where, found in leaks.items() if found} == {}
    folders = [path for path in (project.folder / "runs").rglob("*") if path.is_dir()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}


def test_no_serialized_graph_holds_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    planter = Planter(tmp_path)
    config = workflow(planter)
    for name, value in planter.variables.items():
        monkeypatch.setenv(name, value)
    made = Workflow.from_config(config)
    pickles: list[bytes] = []
    for module in (bz2, zlib):
        _listen(monkeypatch, module, pickles)
    pipeline = beam.Pipeline()
    build(pipeline, made._new_plan(str(tmp_path / "run")))
    proto = pipeline.to_runner_api()
    text = proto.SerializeToString() + str(proto).encode() + b"".join(pickles)
    assert b"LeakyProcessor" in text, "the pickles of the steps were not seen"
    assert found_in(text, planter.secrets) == []
    assert found_in(repr(made.config) + repr(made), planter.secrets) == []
    assert found_in(json.dumps(made.config.document), planter.secrets) == []


def test_a_schema_and_a_mistake_show_none(tmp_path: Path) -> None:
    project = Project(tmp_path)
    planter = Planter(tmp_path)
    config = workflow(planter)
    config["sink"]["config"]["pasword"] = planter.plain()
    config["source"]["config"]["listed"] = {planter.plain(): planter.plain()}
    project.write(config)
    os.environ.update(planter.variables)
    try:
        done = project.run("run", "-c", "workflow.yaml", "--debug")
    finally:
        for name in planter.variables:
            del os.environ[name]
    assert done.returncode == 2
    assert "unknown key 'pasword'" in done.stderr
    assert found_in(done.stdout + done.stderr, planter.secrets) == []
    assert yaml.safe_load((tmp_path / "workflow.yaml").read_text()) == config


def _listen(monkeypatch: pytest.MonkeyPatch, module: Any, pickles: list[bytes]) -> None:
    compress = module.compress

    def heard(data: bytes, *arguments: Any, **options: Any) -> Any:
        pickles.append(bytes(data))
        return compress(data, *arguments, **options)

    monkeypatch.setattr(module, "compress", heard)


def _cmdline(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("latin-1")
    except OSError:
        return ""


def _children(pid: int) -> set[int]:
    try:
        return set(children(pid))
    except OSError:
        return set()
