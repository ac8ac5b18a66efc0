"""``beam-ingest schema``: JSON Schemas of workflows and components."""

from __future__ import annotations

import json

import click

from beam_ingest.api.registry import Kind, types
from beam_ingest.cli.output import emit
from beam_ingest.cli.verb import Verb


@click.command("schema", cls=Verb, short_help="Print the JSON Schema of a workflow or a component.")
@click.argument("type_", metavar="[TYPE]", required=False)
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in Kind]),
    help="The kind of component, where several have this type.",
)
def verb(type_: str | None, kind: str | None) -> None:
    """Print the JSON Schema of the configuration of TYPE, or of a whole workflow.

    Save a workflow's schema beside it, and name it in its first line, so that editors complete
    and check keys: # yaml-language-server: $schema=./beam-ingest.schema.json
    """
    from beam_ingest.config.schema import component_schema

    if type_ is None:
        emit(workflow_schema_text())
    else:
        schema = component_schema(Kind(kind) if kind else _kind_of(type_), type_)
        emit(json.dumps(schema, indent=2))


def workflow_schema_text() -> str:
    """The JSON Schema of a whole workflow."""
    from beam_ingest.config.schema import workflow_schema

    return json.dumps(workflow_schema(), indent=2)


def _kind_of(type_: str) -> Kind:
    if "." in type_:
        raise click.UsageError("A dotted path needs its --kind.")
    kinds = [kind for kind in Kind if type_ in types(kind)]
    if len(kinds) > 1:
        names = ", ".join(f"--kind {kind}" for kind in kinds)
        raise click.UsageError(f"There are several {type_!r}: choose {names}.")
    if not kinds:
        raise click.UsageError(
            f"There is no component {type_!r}: 'beam-ingest list' shows what there is."
        )
    return kinds[0]
