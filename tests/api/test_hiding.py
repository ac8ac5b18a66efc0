"""The last door before a text leaves the process: passwords in URLs, secrets in use."""

from __future__ import annotations

import json
import logging
from urllib.parse import quote, quote_plus

import pytest

from beam_ingest import Secret
from beam_ingest.api.hiding import HidingFormatter, hide, hide_in_logs


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("postgresql://me:s3cr3t@host:5432/db", "postgresql://me:**********@host:5432/db"),
        ("a http://:pw@x and https://u:p:w@y", "a http://:**********@x and https://u:**********@y"),
        ("'http://u:p@x'", "'http://u:**********@x'"),
        ("http://host:8585/api?to=a:b@c", "http://host:8585/api?to=a:b@c"),
        ("mail me@host", "mail me@host"),
        ("https://t0k3n@host/a", "https://**********@host/a"),
        ("http://t0k3n:@host and HTTPS://x@y", "http://**********:@host and HTTPS://**********@y"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("https://me@corp.com:pw@host/x", "https://me@corp.com:**********@host/x"),
        ("https://a@b@host/", "https://**********@host/"),
        ('{"u":"https://t0k3n:@host","m":"x@y"}', '{"u":"https://**********:@host","m":"x@y"}'),
        ("https://t0k3n:@host,foo@bar", "https://**********:@host,foo@bar"),
        ("https://t0k3n@host:80,foo@bar", "https://**********@host:80,foo@bar"),
        ("https://host,foo@bar", "https://host,foo@bar"),
        ("http://me:@pw@host", "http://me:**********@host"),
        ("ftp://me:p'w,x@host", "ftp://me:**********@host"),
        ("http://me:with@in-it@host/a", "http://me:**********@host/a"),
        ("mongodb://me:pw@one:1,two:2/db", "mongodb://me:**********@one:1,two:2/db"),
        (
            "http://host/a?user=me&password=s3cr3t&x=1#y",
            "http://host/a?user=me&password=**********&x=1#y",
        ),
        ("http://host:1,http://me:pw@x", "http://host:1,http://me:**********@x"),
    ],
)
def test_passwords_of_urls(text: str, hidden: str) -> None:
    assert hide(text) == hidden


def test_literal_secrets_and_those_that_were_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIDING_KEY", "from-the-environment")
    literal, variable = Secret("a-literal-value"), Secret("${HIDING_KEY}")
    said = "no a-literal-value, and no from-the-environment"
    assert "a-literal-value" not in hide(said)
    variable.get()
    assert hide(said) == "no **********, and no **********"
    assert literal.is_literal


def test_a_secret_as_libraries_spell_it() -> None:
    value = "S3cr\"et\\p4ss'wö rd/%x"
    kept = Secret(value)
    spelled = [
        value, repr(value), json.dumps(value), json.dumps(value, ensure_ascii=False),
        quote(value), quote(value, safe=""), quote_plus(value), repr(value.encode()),
    ]  # fmt: skip
    said = hide(" | ".join(spelled))
    assert kept.is_literal
    assert not [part for part in ("S3cr", "p4ss", "rd/", "rd%2F") if part in said]


def test_a_secret_of_a_url_as_it_is_decoded() -> None:
    kept = Secret("p%40ss%2Fword")
    assert hide("refused: p@ss/word of p%40ss%2Fword") == "refused: ********** of **********"
    assert kept.is_literal


def test_a_secret_that_is_part_of_another_leaves_nothing_of_it() -> None:
    kept = [Secret("abcdef"), Secret("abcdef-and-more")]
    assert hide("it is abcdef-and-more") == "it is **********"
    assert len(kept) == 2


def test_a_traceback_in_a_log() -> None:
    secret = Secret("in-a-traceback-too")
    try:
        raise RuntimeError(f"refused: {secret.get()}")
    except RuntimeError as error:
        record = logging.LogRecord(
            "x",
            logging.ERROR,
            __file__,
            1,
            "it broke",
            (),
            (RuntimeError, error, error.__traceback__),
        )
    text = HidingFormatter().format(record)
    assert "RuntimeError: refused: **********" in text


def test_a_record_hides_it_before_any_handler_sees_it(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    factory = logging.getLogRecordFactory()
    secret = Secret("in-a-record-of-a-log")
    try:
        hide_in_logs()
        try:
            raise RuntimeError(secret.get())
        except RuntimeError:
            logging.getLogger("x").exception("with %s", secret.get())
    finally:
        logging.setLogRecordFactory(factory)
    (record,) = caplog.records
    assert (record.args, record.exc_info) == (None, None)
    assert record.getMessage().startswith("with **********\nTraceback")
    assert "in-a-record-of-a-log" not in record.getMessage().replace("get()", "")
