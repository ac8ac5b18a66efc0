"""The image of the templates. No container engine is needed: its steps are run into a folder.

What it takes from other images (Beam's boot program, Dataflow's launcher) is left out of that.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import string
import subprocess
import sysconfig
import tomllib
import venv
from pathlib import Path

import pytest
import yaml
from dockerfile_parse import DockerfileParser
from packaging.requirements import Requirement

from beam_ingest.cli.sample import make_sample_database
from beam_ingest.templates.build import build
from beam_ingest.templates.catalog import TEMPLATES
from tests.wheel import ROOT, build_wheel

FILES = ROOT / "beam_ingest" / "templates" / "files"
EXTRAS = ("dataflow", "gcp-secret", "kafka", "mysql", "opensearch", "postgres")


def steps() -> list[tuple[str, str]]:
    parser = DockerfileParser(fileobj=io.BytesIO((FILES / "Dockerfile").read_bytes()))
    found = [(each["instruction"], each["value"]) for each in parser.structure]
    last = max(index for index, (what, _) in enumerate(found) if what == "FROM")
    return found[last + 1 :]


def test_the_linter_has_nothing_to_say() -> None:
    hadolint = Path(sysconfig.get_path("scripts")) / "hadolint"
    linted = subprocess.run(
        [hadolint, FILES / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (linted.returncode, linted.stdout) == (0, "")


def test_the_image_has_the_beam_that_the_project_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    beam = next(each for each in map(Requirement, project["dependencies"])
                if each.name == "apache-beam")  # fmt: skip
    (version,) = [value.partition("=")[2] for what, value in _all_steps()
                  if what == "ARG" and value.startswith("BEAM=")]  # fmt: skip
    assert beam.specifier.contains(version)
    assert pins()["apache-beam"] == version


def test_every_requirement_is_pinned_and_hashed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(each for name in EXTRAS for each in extras[name])]
    pinned = pins()
    for requirement in map(Requirement, wanted):
        name = requirement.name.lower().replace("_", "-")
        assert requirement.specifier.contains(pinned[name]), requirement
    assert (FILES / "requirements.txt").read_text().count("--hash=sha256:") >= len(pinned)


def test_cloud_build_names_files_that_are_there(tmp_path: Path) -> None:
    build(TEMPLATES, tmp_path)
    config = yaml.safe_load((tmp_path / "cloudbuild.yaml").read_text())
    assert set(config["substitutions"]) == {"_TEMPLATE", "_IMAGE", "_BUCKET"}
    values = {"_TEMPLATE": "database-to-files", "_IMAGE": "image", "_BUCKET": "bucket"}
    arguments = [
        string.Template(argument).substitute(values)
        for step in config["steps"]
        for argument in step["args"]
    ]
    (metadata,) = [each for each in arguments if each.startswith("--metadata-file=")]
    assert (tmp_path / metadata.partition("=")[2]).is_file()
    assert "TEMPLATE=database-to-files" in arguments


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_launcher_of_the_image_runs_the_quickstart(tmp_path: Path) -> None:
    context, image = tmp_path / "context", tmp_path / "image"
    build(TEMPLATES, context)
    build_wheel(context)
    environment = carry_out(steps(), context, image, {"TEMPLATE": "database-to-files"})
    work = tmp_path / "work"
    work.mkdir()
    make_sample_database(work / "shop.db")
    launched = subprocess.run(
        [
            image / "venv" / "bin" / "python", environment["FLEX_TEMPLATE_PYTHON_PY_FILE"],
            "--databaseType=sqlite", "--databaseFile=shop.db", "--serviceName=shop",
            "--output=out.jsonl", "--runner=local", "--report=report.json",
        ],
        cwd=work, capture_output=True, text=True, check=False, env=_clean(environment),
    )  # fmt: skip
    assert launched.returncode == 0, launched.stderr
    assert json.loads((work / "report.json").read_text())["status"] == "success"
    assert "shop.default.main.orders" in (work / "out.jsonl").read_text()


def carry_out(
    steps: list[tuple[str, str]], context: Path, image: Path, arguments: dict[str, str]
) -> dict[str, str]:
    """Run the steps with ``image`` as the root folder; the image's environment variables.

    Python is a virtual environment there; downloads come from pip's cache where it has them.
    """
    venv.create(image / "venv", with_pip=True, symlinks=True)
    folder, environment = image, {}
    for what, value in steps:
        value = string.Template(value).substitute(arguments)
        if what == "WORKDIR":
            folder = image / value.lstrip("/")
            folder.mkdir(parents=True, exist_ok=True)
        elif what == "COPY" and not value.startswith("--from="):
            source, target = value.split()
            for found in context.glob(source):
                shutil.copy(found, folder / target)
        elif what == "RUN":
            program, *rest = value.replace("./beam_ingest-*.whl", _wheel(folder)).split()
            assert program == "pip"
            rest.remove("--no-cache-dir")
            ran = subprocess.run(
                [image / "venv" / "bin" / "python", "-m", "pip", "--quiet", *rest, "--no-compile"],
                cwd=folder, capture_output=True, text=True, check=False, env=_clean({}),
            )  # fmt: skip
            assert ran.returncode == 0, ran.stderr
        elif what == "ENV":
            name, _, path = value.partition("=")
            environment[name] = str(image / path.lstrip("/"))
    return environment


def pins() -> dict[str, str]:
    """Name -> version, as requirements.txt pins them."""
    lines = (FILES / "requirements.txt").read_text().splitlines()
    heads = [line.rstrip(" \\") for line in lines if line and line[0].isalnum()]
    return {
        parsed.name.lower().replace("_", "-"): next(iter(parsed.specifier)).version
        for parsed in map(Requirement, heads)
    }


def _all_steps() -> list[tuple[str, str]]:
    parser = DockerfileParser(fileobj=io.BytesIO((FILES / "Dockerfile").read_bytes()))
    return [(each["instruction"], each["value"]) for each in parser.structure]


def _wheel(folder: Path) -> str:
    return next((f"./{path.name}" for path in folder.glob("*.whl")), "")


def _clean(environment: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PY")}
    return {**kept, **environment, "PYTHONDONTWRITEBYTECODE": "1"}
