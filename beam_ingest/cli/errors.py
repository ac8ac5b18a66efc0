"""The one place where an exception becomes a message and an exit code."""

from __future__ import annotations

import traceback
from pathlib import Path

from beam_ingest.api.errors import (
    CannotStart,
    FatalError,
    IngestError,
    MissingDependency,
    TransientError,
    UnknownComponent,
)
from beam_ingest.api.hiding import hide
from beam_ingest.cli.exit_codes import ExitCode
from beam_ingest.cli.output import say as _say
from beam_ingest.config.problem import ConfigError

_PACKAGE = Path(__file__).resolve().parent.parent


def explain(error: BaseException, *, debug: bool) -> ExitCode:
    """Say on stderr what happened and what to do; the exit code that says the same.

    With ``debug`` the traceback comes first.
    """
    if debug:
        say("".join(traceback.format_exception(error)).rstrip())
    if isinstance(error, KeyboardInterrupt):
        say("interrupted")
        return ExitCode.INTERRUPTED
    if isinstance(error, ConfigError):
        for problem in error.problems:
            say(str(problem))
        count = len(error.problems)
        say(f"{count} problem{'' if count == 1 else 's'} in the workflow; nothing was run")
        return ExitCode.USAGE
    if isinstance(error, IngestError):
        say(f"error: {error.message}")
        if error.hint:
            say(f"       {error.hint}")
        return _code(error)
    return _unexpected(error, debug=debug)


def _code(error: IngestError) -> ExitCode:
    if isinstance(error, (CannotStart, MissingDependency, UnknownComponent)):
        return ExitCode.USAGE
    if isinstance(error, (FatalError, TransientError)):
        return ExitCode.CANNOT_CONNECT
    return ExitCode.FAILED


def _unexpected(error: BaseException, *, debug: bool) -> ExitCode:
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if _is_users(frame.filename)]
    if theirs:
        where = theirs[-1]
        say(f"error: {where.filename}, line {where.lineno}, in {where.name}: {what}")
        if not debug:
            say("       --debug shows the whole traceback")
        return ExitCode.FAILED
    ours = [frame for frame in frames if _PACKAGE in Path(frame.filename).parents]
    place = f" ({ours[-1].filename}, line {ours[-1].lineno})" if ours else ""
    say(f"error: a defect of beam-ingest: {what}{place}")
    if not debug:
        say("       run it again with --debug, and report what it shows")
    return ExitCode.DEFECT


def _is_users(filename: str) -> bool:
    path = Path(filename)
    inside = Path.cwd() in path.parents
    return inside and _PACKAGE not in path.parents and "site-packages" not in path.parts


def say(message: str) -> None:
    """Tell the reader, without what a library may have put into its words."""
    _say(hide(message))
