"""``beam-ingest test-connection``: every component's named checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import click

from beam_ingest.api.component import Check
from beam_ingest.api.errors import IngestError
from beam_ingest.cli.exit_codes import ExitCode
from beam_ingest.cli.options import config_option, no_custom_code_option, set_option
from beam_ingest.cli.output import emit
from beam_ingest.cli.verb import Verb


@click.command(
    "test-connection",
    cls=Verb,
    short_help="Check that every component of a workflow can connect.",
)
@config_option
@set_option
@no_custom_code_option
def verb(config: str, sets: tuple[str, ...]) -> ExitCode:
    """Run the named checks of every component of a workflow, and read and write nothing.

    After a check that the component cannot do without has failed, its other checks are skipped.
    Exit code 3 where one of those failed.
    """
    from beam_ingest.workflow import Workflow

    failed = False
    for line, is_failure in results(Workflow.from_config(config, sets=sets).checks()):
        failed |= is_failure
        emit(line)
    return ExitCode.CANNOT_CONNECT if failed else ExitCode.SUCCESS


def results(checks: Iterable[tuple[str, Check]]) -> Iterator[tuple[str, bool]]:
    """One line for every check, and whether it is a required one that failed."""
    found = False
    for step, group in groupby(checks, key=lambda pair: pair[0]):
        broken = False
        for _, check in group:
            found = True
            if broken:
                yield f"skipped  {step}: {check.name}", False
                continue
            line, worked = _result(step, check)
            broken = check.required and not worked
            yield line, broken
    if not found:
        yield "no component of this workflow has anything to check", False


def _result(step: str, check: Check) -> tuple[str, bool]:
    try:
        text = check.run()
    except IngestError as error:
        word = "failed " if check.required else "warning"
        return f"{word}  {step}: {check.name}: {error}", False
    return f"ok       {step}: {check.name}" + (f": {text}" if text else ""), True
