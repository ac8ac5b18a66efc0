"""A template as a workflow file: to run as it is, or to begin a workflow of one's own with."""

from __future__ import annotations

from typing import Any

import yaml

from beam_ingest.templates.template import Template


def workflow_file(template: Template[Any]) -> str:
    """The YAML, with a variable ``${NAME}`` for each parameter that has no default."""
    head = (
        f"# {template.title}: generated from its declaration.\n# beam-ingest run -c workflow.yaml\n"
    )
    body: str = yaml.safe_dump(
        template.with_placeholders(), sort_keys=False, allow_unicode=True, width=96
    )
    return head + body
