"""What a reader sees of the log."""

from __future__ import annotations

import logging

import pytest

from beam_ingest.cli.logs import configure_logging


def log(level: int, message: str, file: str = "x.py", name: str = "some.library") -> None:
    logger = logging.getLogger(name)
    if logger.isEnabledFor(level):
        logger.handle(logging.LogRecord(name, level, file, 1, message, None, _error()))


def _error() -> tuple[type[BaseException], BaseException, None]:
    return (ValueError, ValueError("secret detail"), None)


def test_a_warning_is_one_short_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(debug=False)
    log(logging.INFO, "connected")
    log(logging.WARNING, "slow")
    log(logging.INFO, "a notice", name="beam_ingest.workflow")
    assert capsys.readouterr().err == "warning: slow\ninfo: a notice\n"


def test_beams_warnings_are_not_shown_and_its_errors_cut(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(debug=False)
    beams = "/site-packages/apache_beam/io/gcp.py"
    log(logging.WARNING, "apitools not found", beams, "root")
    log(logging.ERROR, "bundle failed\nTraceback (most recent call last):\n", beams, "root")
    assert capsys.readouterr().err == "error: bundle failed\n"


def test_debug_shows_all_with_tracebacks(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(debug=True)
    log(logging.INFO, "connected", "/site-packages/apache_beam/io/gcp.py", "root")
    log(logging.DEBUG, "details", name="beam_ingest.flow")
    shown = capsys.readouterr().err
    assert "INFO root: connected" in shown
    assert "DEBUG beam_ingest.flow: details" in shown
    assert "ValueError: secret detail" in shown
