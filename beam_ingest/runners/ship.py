"""Shipping code: this package, its libraries and the user's own modules, to remote workers.

Beam installs wheels and a requirements file on workers that it starts from an image. A stock
image holds Beam alone; an image of one's own is taken to hold this package and its libraries, and
still gets the user's modules. Workers that somebody else starts get nothing from Beam.
"""

from __future__ import annotations

import ast
import contextlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions

import beam_ingest
from beam_ingest.api.errors import CannotStart
from beam_ingest.config.model import WorkflowConfig
from beam_ingest.config.place import Place, environment_of
from beam_ingest.config.remote import users_modules
from beam_ingest.runners.wheel import digest_of, write_wheel

DISTRIBUTION = "beam-ingest"
MODULES = "beam_ingest_workflow"
"""The distribution that the user's own modules become."""

_LIMIT = 50 * 1024 * 1024
_SKIPPED = ("__pycache__", ".git", ".venv", "node_modules")


@dataclass(frozen=True, slots=True)
class Code:
    """What is sent: this package or not, files of the user's by their path, requirements."""

    package: bool = False
    files: Mapping[str, Path] = field(default_factory=dict)
    requirements: tuple[str, ...] = ()


def code_for(config: WorkflowConfig, root: Path) -> Code:
    """What the workers of a workflow need to be sent; ``root`` is the folder of its own modules.

    Raises ``CannotStart`` for modules that are too large to be sent.
    """
    beam = config.beam
    containers = environment_of(beam.runner, beam.options) in ("DOCKER", "BEAM_CONTAINER")
    if beam.place is Place.INSIDE or not containers or beam.worker_code == "installed":
        return Code()
    package = beam.worker_code == "ship" or not _own_image(beam.options)
    needed = requirements(extras_of(config)) if package else ()
    names = users_modules(root, config.components)
    return Code(package, _files_with(root, names), needed)


def extras_of(config: WorkflowConfig) -> set[str]:
    """The extras of this package that a workflow uses: those of its connectors and secrets."""
    found = set()
    for part in config.components:
        entry = part.cls.__module__.split(".")
        if entry[:2] == ["beam_ingest", "connectors"]:
            found |= {name.replace("_", "-") for name in entry[2:-1]} | {part.type}
        if "gcp-secret:" in part.config.model_dump_json():
            found.add("gcp-secret")
    return found


def requirements(extras: Iterable[str]) -> tuple[str, ...]:
    """What ``pip`` installs for these extras of this package, sorted."""
    wanted = set(extras)
    found = set()
    for line in metadata.requires(DISTRIBUTION) or ():
        requirement, _, marker = line.partition(";")
        if marker and any(f"extra == {q}{extra}{q}" in marker for extra in wanted for q in "'\""):
            found.add(requirement.strip())
    return tuple(sorted(found))


@contextlib.contextmanager
def shipped(code: Code, options: PipelineOptions) -> Iterator[None]:
    """``options`` are told of the wheels and requirements, which are there while this lasts."""
    setup = options.view_as(SetupOptions)
    with tempfile.TemporaryDirectory(prefix="beam-ingest-ship-") as place:
        folder = Path(place)
        wheels = list(_wheels(code, folder))
        if wheels:
            setup.extra_packages = [*(setup.extra_packages or ()), *map(str, wheels)]
        if code.requirements:
            lines = list(code.requirements)
            if setup.requirements_file:
                lines.insert(0, Path(setup.requirements_file).read_text())
            (folder / "requirements.txt").write_text("\n".join(lines) + "\n")
            setup.requirements_file = str(folder / "requirements.txt")
            # The workers fetch them; Beam would build each for the workers here, first.
            setup.requirements_cache = setup.requirements_cache or "skip"
        yield


def _wheels(code: Code, folder: Path) -> Iterator[Path]:
    if code.package:
        own = metadata.distribution(DISTRIBUTION)
        package = Path(beam_ingest.__file__).parent
        files = {f"beam_ingest/{path.relative_to(package)}": path for path in _below(package)}
        told = {key: own.read_text(key) or "" for key in ("METADATA", "entry_points.txt")}
        yield write_wheel(folder, "beam_ingest", own.version, files, told)
    if code.files:
        version = f"0.{digest_of(code.files.values())}"
        text = f"Metadata-Version: 2.1\nName: {MODULES}\nVersion: {version}\n"
        yield write_wheel(folder, MODULES, version, code.files, {"METADATA": text})


def _own_image(options: Mapping[str, Any]) -> bool:
    return bool(
        options.get("sdk_container_image")
        or options.get("worker_harness_container_image")
        or options.get("environment_config")
        or "docker_container_image" in str(options.get("environment_options") or "")
    )


def _files_with(root: Path, names: set[str]) -> dict[str, Path]:
    """The files of modules and whole packages, and of those that they import beside them."""
    found: dict[str, Path] = {}
    waiting = set(names)
    known: set[str] = set()
    while waiting:
        name = waiting.pop()
        known.add(name)
        files = _files_of(root, name)
        found |= {str(path.relative_to(root)): path for path in files}
        waiting |= {
            imported
            for path in files
            if path.suffix == ".py"
            for imported in _imports(path)
            if imported not in known and _files_of(root, imported)
        }
    size = sum(path.stat().st_size for path in found.values())
    if size > _LIMIT:
        raise CannotStart(
            f"the workflow's own modules in {root} have {size >> 20} MB, which is too much to send",
            hint="install them in the workers' image, and write beam.workerCode: installed",
        )
    return found


def _files_of(root: Path, name: str) -> list[Path]:
    """A module's file, or all files of a package; nothing where ``root`` has none of that name."""
    if (root / f"{name}.py").is_file():
        return [root / f"{name}.py"]
    package = root / name
    if name == "beam_ingest" or not package.is_dir() or not any(package.glob("*.py")):
        return []
    return _below(package)


def _below(folder: Path) -> list[Path]:
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not set(path.relative_to(folder).parts) & set(_SKIPPED)
    ]


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes(), str(path))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names
