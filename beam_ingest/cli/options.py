"""Options that several verbs share."""

from __future__ import annotations

import click

from beam_ingest.api.registry import forbid_custom_code

_DEBUG = "beam_ingest.debug"


def is_debug(context: click.Context) -> bool:
    """Whether ``--debug`` was given, before the verb or after it."""
    return bool(context.meta.get(_DEBUG, False))


def debug_option() -> click.Option:
    """``--debug``, for the group and for every verb."""
    return click.Option(
        ["--debug"],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_remember,
        help="Show tracebacks and detailed logs.",
    )


config_option = click.option(
    "-c",
    "--config",
    required=True,
    is_eager=True,  # known before the other options are looked at
    metavar="FILE",
    help="The workflow, YAML or JSON; - reads it from stdin.",
)

set_option = click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="KEY=VALUE",
    help="Set a key of the workflow: --set beam.workers=2. May be given many times.",
)


no_custom_code_option = click.option(
    "--no-custom-code",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda context, parameter, value: forbid_custom_code() if value else None,
    help="Refuse components that a dotted path names; only installed ones run.",
)


run_argument = click.argument("run", metavar="RUN")

work_dir_config_option = click.option(
    "-c", "--config", metavar="FILE", help="The workflow whose beam.workDir RUN is looked up in."
)


def work_dir_of(config: str | None) -> str:
    """Where the runs of a workflow file are kept; the default without one."""
    from beam_ingest.config.beam_block import BeamBlock
    from beam_ingest.config.load import load

    return BeamBlock().work_dir if config is None else load(config).beam.work_dir


def _remember(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        context.meta[_DEBUG] = True
