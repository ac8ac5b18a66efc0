"""Which templates there are."""

from __future__ import annotations

from typing import Any

from beam_ingest.api.errors import CannotStart
from beam_ingest.templates import (
    database_to_files,
    database_to_openmetadata,
    kafka_to_openmetadata,
    openmetadata_to_search,
    query_usage_to_openmetadata,
)
from beam_ingest.templates.template import Template

TEMPLATES: tuple[Template[Any], ...] = (
    database_to_openmetadata.TEMPLATE,
    database_to_files.TEMPLATE,
    query_usage_to_openmetadata.TEMPLATE,
    openmetadata_to_search.TEMPLATE,
    kafka_to_openmetadata.TEMPLATE,
)
"""All of them, in the order in which they are listed."""


def find_template(name: str) -> Template[Any]:
    """The template of that name. Raises ``CannotStart`` where there is none."""
    for template in TEMPLATES:
        if template.name == name:
            return template
    names = ", ".join(template.name for template in TEMPLATES)
    raise CannotStart(f"there is no template {name!r}", hint=f"there are: {names}")
