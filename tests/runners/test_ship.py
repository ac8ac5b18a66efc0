"""Remote workers are sent what their image does not hold, and nothing that they do not need."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions

from beam_ingest.api.errors import CannotStart
from beam_ingest.config.model import WorkflowConfig
from beam_ingest.runners import ship
from beam_ingest.runners.ship import Code, code_for, requirements, shipped
from tests.runners.workflows import workflow

POSTGRES = {"type": "Postgres", "hostPort": "h:1", "username": "u", "database": "d"}
POOL = {"flink_master": "h:1", "environment_type": "EXTERNAL"}
IMAGE = {"sdk_container_image": "europe-docker.pkg.dev/p/r/beam-ingest:1"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user's folder, whose module ``shop_parts`` has been imported."""
    (tmp_path / "shop_parts.py").write_text("import json\ndef f(record):\n    import shop_helper\n")
    (tmp_path / "shop_helper.py").write_text("from shop_names.deep import x\n")
    (tmp_path / "unused.py").write_text("")
    package = tmp_path / "shop_names"
    (package / "__pycache__").mkdir(parents=True)
    for name in ("__init__.py", "deep.py", "words.txt", "__pycache__/deep.pyc"):
        (package / name).write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("shop_parts", None)


def config(**keys: Any) -> WorkflowConfig:
    """A workflow with the user's processor, PostgreSQL its source."""
    google = {"project": "p", "region": "r", "temp_location": "gs://bucket/t"}
    beam = {"runner": "dataflow", "workDir": "gs://b/runs", **keys}
    if beam["runner"] == "dataflow":
        beam["options"] = {**google, **beam.get("options", {})}
    source = {
        "type": "postgres",
        "serviceName": "s",
        "serviceConnection": {"config": POSTGRES},
    }
    return workflow(beam, source=source, processors=[{"type": "shop_parts.f"}])


def test_a_stock_image_gets_the_package_its_libraries_and_the_users_modules(folder: Path) -> None:
    code = code_for(config(), folder)
    assert code.package
    assert code.requirements == ("psycopg[binary]>=3.2",)
    assert sorted(code.files) == [
        "shop_helper.py",
        "shop_names/__init__.py",
        "shop_names/deep.py",
        "shop_names/words.txt",
        "shop_parts.py",
    ]


def test_an_image_of_ones_own_gets_the_users_modules(folder: Path) -> None:
    code = code_for(config(options=IMAGE), folder)
    assert (code.package, code.requirements) == (False, ())
    assert "shop_parts.py" in code.files
    assert code_for(config(options=IMAGE, workerCode="ship"), folder).package


@pytest.mark.parametrize(
    "keys",
    [
        {"workerCode": "installed"},
        {"runner": "flink"},
        {
            "runner": "flink",
            "options": {"flink_master": "h:1", "environment_type": "EXTERNAL"},
            "sharedPaths": ["/"],
        },
    ],
)
def test_nothing_is_sent_where_it_is_or_cannot_be_sent(folder: Path, keys: Any) -> None:
    assert code_for(config(**keys), folder) == Code()


def test_what_is_too_large_is_not_sent(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ship, "_LIMIT", 10)
    with pytest.raises(CannotStart, match="too much to send"):
        code_for(config(), folder)


def test_the_wheels_are_there_while_it_is_submitted(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("mylib==1\n")
    options = PipelineOptions([f"--requirements_file={own}", "--extra_packages=other.whl"])
    with shipped(code_for(config(), folder), options):
        setup = options.view_as(SetupOptions)
        other, package, modules = setup.extra_packages
        assert other == "other.whl"
        names = zipfile.ZipFile(package).namelist()
        assert "beam_ingest/flow/build.py" in names
        assert not [name for name in names if "__pycache__" in name]
        points = next(name for name in names if name.endswith("dist-info/entry_points.txt"))
        assert b"beam_ingest.sources" in zipfile.ZipFile(package).read(points)
        assert "shop_names/deep.py" in zipfile.ZipFile(modules).namelist()
        written = Path(setup.requirements_file).read_text().split()
        assert written == ["mylib==1", "psycopg[binary]>=3.2"]
        assert setup.requirements_cache == "skip"
    assert not Path(package).exists()


def test_only_the_extras_of_the_workflow_are_required() -> None:
    assert requirements([]) == ()
    assert "google-cloud-secret-manager>=2.20" in requirements(["gcp-secret"])
