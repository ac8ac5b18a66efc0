"""Building: everything that a template is launched from, in one folder.

::

    Dockerfile  cloudbuild.yaml  requirements.txt  flink/     serve all templates
    <template>/metadata.json  workflow.yaml  main.py  README.md
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from beam_ingest.templates.metadata import metadata
from beam_ingest.templates.readme import readme
from beam_ingest.templates.template import Template
from beam_ingest.templates.workflow_file import workflow_file


def built(templates: Iterable[Template[Any]]) -> dict[str, str]:
    """The files of ``templates`` and those that serve all, by their paths: the same each time."""
    shared = files("beam_ingest.templates").joinpath("files")
    found = dict(_texts(shared, ""))
    for template in templates:
        found[f"{template.name}/metadata.json"] = json.dumps(metadata(template), indent=2) + "\n"
        found[f"{template.name}/workflow.yaml"] = workflow_file(template)
        found[f"{template.name}/main.py"] = _launcher(template)
        found[f"{template.name}/README.md"] = readme(template)
    return found


def build(templates: Iterable[Template[Any]], folder: Path) -> list[Path]:
    """Write them into ``folder``, which is made, each by rename; the files written.

    What else is in the folder stays. Raises ``OSError`` where it cannot be written.
    """
    written = []
    for name, text in built(templates).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.tmp")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
        written.append(path)
    return written


def _launcher(template: Template[Any]) -> str:
    return f'''"""Launches {template.name}: python main.py --help"""

from beam_ingest.cli.launch_template import launch

if __name__ == "__main__":
    launch("{template.name}")
'''


def _texts(folder: Traversable, prefix: str) -> Iterable[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_dir():
            yield from _texts(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry.read_text(encoding="utf-8")
