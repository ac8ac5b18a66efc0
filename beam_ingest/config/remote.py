"""What a run needs of workers that are elsewhere, found out before anything is submitted."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel

from beam_ingest.api.config_model import CodePath, WorkerPath
from beam_ingest.config.beam_block import BeamBlock
from beam_ingest.config.findings import Findings
from beam_ingest.config.model import ComponentConfig
from beam_ingest.config.place import Place, beam_name, environment_of
from beam_ingest.config.problem import KeyPath

_INSTALLED = (Path(__file__).parents[1], Path(sys.prefix), Path(sys.base_prefix))
_BUCKET = re.compile(r"gs://[a-z0-9][a-z0-9_.-]{1,220}[a-z0-9](/|$)")
_ENVIRONMENTS_WITHOUT_FILES = ("EXTERNAL", "PROCESS")
"""Beam sends no files to workers that somebody else starts."""


def check_engine(
    findings: Findings, beam: BeamBlock, components: Sequence[tuple[ComponentConfig, KeyPath]]
) -> None:
    """Note what an engine could not run; with each component comes the place of its ``config``."""
    _check_flink(findings, beam)
    if beam_name(beam.runner) == "DataflowRunner":
        _check_dataflow(findings, beam)
    if beam.place is not Place.ELSEWHERE:
        return
    why = path_problem(beam, beam.work_dir)
    if why is not None:
        findings.problem(("beam", "workDir"), why, SHARED_HINT)
    for part, path in components:
        for key, value in marked(part.config, WorkerPath):
            if (why := path_problem(beam, value)) is not None:
                findings.problem((*path, key), why, SHARED_HINT)
    _check_code(findings, beam, [part for part, _ in components])


SHARED_HINT = (
    "name a place that both sides reach (gs://, s3://, hdfs://), or a folder below one of "
    "beam.sharedPaths, which every worker sees under the same path"
)


def path_problem(beam: BeamBlock, path: str) -> str | None:
    """Why the workers of a run cannot see ``path``, or None."""
    if beam.place is not Place.ELSEWHERE or "://" in path or _is_shared(beam, Path(path)):
        return None
    return f"{path} is a path of this machine, and the workers of {beam.runner} are elsewhere"


def marked(model: BaseModel, mark: type) -> Iterator[tuple[str, str]]:
    """The keys of a model that carry ``mark``, with their texts."""
    for name, field in type(model).model_fields.items():
        value: Any = getattr(model, name, None)  # what the server is to say is not there yet
        if isinstance(value, str) and any(isinstance(each, mark) for each in field.metadata):
            yield field.alias or name, value


def users_modules(root: Path, components: Iterable[ComponentConfig]) -> set[str]:
    """The top-level modules and packages of ``root`` that the workflow names by dotted paths.

    Not those that are installed, wherever they lie.
    """
    named = {path.partition(".")[0] for part in components for path in _dotted(part)}
    return {name for name in named if _is_users(sys.modules.get(name), root)}


def _dotted(part: ComponentConfig) -> Iterator[str]:
    if "." in part.type:
        yield part.type
    yield from (value for _, value in marked(part.config, CodePath))


def _is_users(module: ModuleType | None, root: Path) -> bool:
    # A package without __init__.py has no file, only a path.
    places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    return any(
        Path(place).is_relative_to(root)
        and not any(Path(place).is_relative_to(each) for each in _INSTALLED)
        for place in places
        if place is not None
    )


def _is_shared(beam: BeamBlock, path: Path) -> bool:
    whole = path.expanduser().absolute()
    return any(whole.is_relative_to(Path(each).expanduser()) for each in beam.shared_paths)


def _check_code(findings: Findings, beam: BeamBlock, components: list[ComponentConfig]) -> None:
    environment = environment_of(beam.runner, beam.options)
    if environment not in _ENVIRONMENTS_WITHOUT_FILES or beam.worker_code == "installed":
        return
    here = Path.cwd()
    modules = sorted(users_modules(here, components))
    if modules and not _is_shared(beam, here):
        findings.problem(
            ("beam", "workerCode"),
            f"the workflow's own modules ({', '.join(modules)}) cannot be sent to workers of an "
            f"{environment} environment",
            "install them where the workers run and write workerCode: installed; or put them "
            "below one of beam.sharedPaths",
        )


def _check_flink(findings: Findings, beam: BeamBlock) -> None:
    options = beam.options
    if options.get("output_executable_path") and beam.is_local:
        findings.problem(
            ("beam", "options", "output_executable_path"),
            "a job in a jar cannot use workers of this process",
            "say where its workers are with environment_type: DOCKER or EXTERNAL",
        )
    if not options.get("checkpointing_interval"):
        return
    if options.get("finish_bundle_before_checkpointing") is False:
        findings.problem(
            ("beam", "options", "finish_bundle_before_checkpointing"),
            "checkpoints that do not wait for bundles lose records, and the job says DONE",
            "leave it out: it is set together with checkpointing_interval",
        )


def _check_dataflow(findings: Findings, beam: BeamBlock) -> None:
    options = beam.options
    for name, what in (
        ("project", "the Google Cloud project that runs the job"),
        ("region", "the region of its workers, such as europe-west1"),
        ("temp_location", "a folder for its files, such as gs://BUCKET/temp"),
    ):
        if not options.get(name):
            findings.problem(("beam", "options", name), f"Dataflow needs it: {what}")
    for name in ("temp_location", "staging_location"):
        # Beam takes a name that cannot be one for a missing one, and makes a bucket by itself.
        if options.get(name) and not _BUCKET.match(str(options[name])):
            findings.problem(
                ("beam", "options", name), f"it is no folder of a bucket: {options[name]}",
                "it is written as gs://BUCKET/FOLDER",
            )  # fmt: skip
