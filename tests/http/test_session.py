from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.api.errors import FatalError
from beam_ingest.http import (
    HttpSession,
    RequestFailed,
    RequestRefused,
    RequestTimeout,
    RetryPolicy,
    ServerAway,
    Surroundings,
    Timeouts,
)
from tests.clock import Clock
from tests.http.scripted import CUT, Answer, ScriptedServer


@pytest.fixture
def time() -> Clock:
    return Clock(1000.0)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def connect(time: Clock) -> Iterator[Callable[..., HttpSession]]:
    sessions: list[HttpSession] = []

    def make(url: str, **options: Any) -> HttpSession:
        surroundings = Surroundings(time, time, jitter=lambda: 1.0, wait=time.wait)
        session = HttpSession(url, surroundings=surroundings, **options)
        sessions.append(session)
        return session

    yield make
    for session in sessions:
        session.close()


Connect = Callable[..., HttpSession]


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def plain(status: int, text: str, **headers: str) -> Answer:
    return Answer(status, text.encode(), {"Content-Type": "text/plain", **headers})


def test_an_answer_is_its_json(server: ScriptedServer, connect: Connect) -> None:
    server.script.append(Answer(200, b'{"version": "1.12.6"}'))
    assert connect(server.url).json("GET", "/v1/version") == {"version": "1.12.6"}


def test_an_empty_answer_is_none(server: ScriptedServer, connect: Connect) -> None:
    server.script.append(Answer(200, b""))
    assert connect(server.url).json("PUT", "/v1/lineage", body=b"{}") is None


def test_a_gzip_answer_is_unpacked(server: ScriptedServer, connect: Connect) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    server.script.append(Answer(200, gzip.compress(b'{"a": 1}'), headers))
    assert connect(server.url).json("GET", "/") == {"a": 1}
    assert "gzip" in server.seen[0].headers["Accept-Encoding"]


def test_a_page_that_is_no_json_says_that_the_url_is_wrong(
    server: ScriptedServer, connect: Connect
) -> None:
    page = b"<html><title>Sign in</title></html>"
    server.script.append(Answer(200, page, {"Content-Type": "text/html"}))
    with pytest.raises(FatalError, match=r"an HTML page, 'Sign in', not JSON .*must be the API's"):
        connect(server.url).json("GET", "/")


def test_a_busy_server_is_asked_again_with_growing_waits(
    server: ScriptedServer, connect: Connect, time: Clock
) -> None:
    server.script.extend([plain(503, "busy"), plain(502, "busy"), Answer(CUT)])
    assert connect(server.url).json("PUT", "/x", body=b"[1]") == {}
    assert time.waits == [0.5, 1.0, 2.0]
    assert [seen.body for seen in server.seen] == [b"[1]"] * 4


@pytest.mark.parametrize(
    ("value", "waited"),
    [("7", 7.0), ("Thu, 01 Jan 1970 00:16:52 GMT", 12.0), ("soon", 0.5), ("100000", 300.0)],
)
def test_retry_after_is_kept_to_in_both_forms(
    server: ScriptedServer, connect: Connect, time: Clock, value: str, waited: float
) -> None:
    server.script.append(plain(429, "slow down", **{"Retry-After": value}))
    connect(server.url).request("GET", "/")
    assert time.waits == [pytest.approx(waited, rel=0.11)]


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 413, 415, 422, 501])
def test_a_refusal_has_the_servers_words_and_is_not_tried_again(
    server: ScriptedServer, connect: Connect, status: int
) -> None:
    server.script.append(Answer(status, b'{"code": 1, "message": "no such thing"}'))
    with pytest.raises(RequestRefused, match="no such thing") as caught:
        connect(server.url).request("PUT", "/v1/tables")
    assert (caught.value.status, caught.value.answer) == (status, "no such thing")
    assert len(server.seen) == 1


def test_a_500_is_tried_three_times_although_the_server_is_there(
    server: ScriptedServer, connect: Connect
) -> None:
    server.always = plain(500, "NullPointerException")
    with pytest.raises(RequestFailed, match=r"500: NullPointerException \(3 times\)"):
        connect(server.url).request("PUT", "/x")
    assert len(server.seen) == 3


def test_a_wrong_token_fails_the_run_at_once(server: ScriptedServer, connect: Connect) -> None:
    server.always = Answer(401, b'{"message": "Expired token!"}')
    session = connect(server.url, authorization=lambda: "Bearer secret-value")
    with pytest.raises(FatalError, match="401: Expired token!") as caught:
        session.request("GET", "/")
    assert "secret-value" not in str(caught.value)
    assert len(server.seen) == 1


def test_a_renewed_token_is_taken_up_once(server: ScriptedServer, connect: Connect) -> None:
    tokens = ["old", "new"]
    server.script.append(Answer(401, b"{}"))
    session = connect(server.url, authorization=lambda: f"Bearer {tokens.pop(0)}")
    session.request("GET", "/")
    assert [s.headers["Authorization"] for s in server.seen] == ["Bearer old", "Bearer new"]


def test_a_token_with_a_line_break_is_named_without_being_shown(
    server: ScriptedServer, connect: Connect
) -> None:
    with pytest.raises(FatalError, match="line break") as caught:
        connect(server.url, authorization=lambda: "Bearer secret\nvalue")
    assert "secret" not in str(caught.value)


def test_netrc_does_not_replace_the_token(
    server: ScriptedServer, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    connect(server.url, authorization=lambda: "Bearer mine").request("GET", "/")
    assert server.seen[0].headers["Authorization"] == "Bearer mine"


def test_a_redirect_is_not_followed(server: ScriptedServer, connect: Connect) -> None:
    server.script.append(Answer(302, b"", {"Location": "https://user:pw@sso.example/login?a=b"}))
    with pytest.raises(FatalError, match=r"sent on to https://sso\.example/login ") as caught:
        connect(server.url).request("PUT", "/v1/tables")
    assert "pw" not in str(caught.value)


def test_a_wrong_address_is_told_after_seconds(connect: Connect, time: Clock) -> None:
    url = f"http://user:pw@127.0.0.1:{closed_port()}/api"
    with pytest.raises(FatalError, match=r"cannot be reached: .*Connection refused") as caught:
        connect(url).request("GET", "/v1/x")
    assert "pw" not in str(caught.value)
    assert 10 <= time.now - 1000 < 20


def test_a_server_that_goes_away_stops_the_run_within_the_budget(
    connect: Connect, time: Clock
) -> None:
    with ScriptedServer() as server:
        session = connect(server.url, probe="/version", connections=1)
        session.request("GET", "/")
        server.always = Answer(CUT)
        with pytest.raises(FatalError, match="does not answer any more"):
            session.request("PUT", "/x")
        assert 120 <= time.now - 1000 < 140
        asked = len(server.seen)
        with pytest.raises(FatalError, match="does not answer any more"):
            session.request("PUT", "/y")
        assert len(server.seen) == asked


def test_a_server_that_is_waited_for_may_come_back_after_the_budget(
    connect: Connect, time: Clock
) -> None:
    with ScriptedServer() as server:
        session = connect(server.url, probe="/version", policy=RetryPolicy(waits=True))
        session.request("GET", "/")
        server.always = Answer(CUT)
        with pytest.raises(ServerAway, match="does not answer: "):
            session.request("PUT", "/x")
        assert 120 <= time.now - 1000 < 140
        with pytest.raises(ServerAway):  # at once: the budget is used up
            session.request("PUT", "/x")
        assert time.now - 1000 < 140
        server.always = None
        assert session.json("PUT", "/x") == {}


def test_a_server_back_within_the_budget_loses_nothing(connect: Connect, time: Clock) -> None:
    with ScriptedServer() as server:
        session = connect(server.url, probe="/version")
        session.request("GET", "/")
        server.script.extend([Answer(CUT)] * 12)  # some of them meet the probe
        assert session.json("PUT", "/x") == {}
        assert time.now - 1000 < 120


def test_one_request_that_always_fails_does_not_stop_the_run(
    server: ScriptedServer, connect: Connect
) -> None:
    session = connect(server.url, probe="/version")
    session.request("GET", "/")
    busy = plain(503, "lock conflict")
    server.script.extend([busy] * 6 + [Answer(200), busy])  # the 200 is the probe's
    with pytest.raises(RequestFailed, match=r"503: lock conflict \(7 times\)") as caught:
        session.request("PUT", "/x")
    assert caught.value.status == 503
    assert session.json("PUT", "/y") == {}


def test_a_time_out_is_handed_over_where_the_caller_can_ask_for_less(connect: Connect) -> None:
    hold = threading.Event()
    with ScriptedServer(Answer(200), Answer(200, delay=hold)) as server:
        session = connect(server.url, probe="/version", timeouts=Timeouts(1, 0.05))
        session.request("GET", "/")
        with pytest.raises(RequestTimeout, match=r"no answer within 0\.05 seconds"):
            session.request("PUT", "/bulk", retry_timeouts=False)
        hold.set()
        assert [seen.path for seen in server.seen] == ["/", "/bulk"]


def test_a_time_out_is_tried_again_otherwise(connect: Connect, time: Clock) -> None:
    hold = threading.Event()
    with ScriptedServer(Answer(200, delay=hold)) as server:
        session = connect(server.url, timeouts=Timeouts(1, 0.05))
        assert session.json("GET", "/") == {}
        hold.set()
        assert time.waits == [0.5]


def test_no_more_requests_are_in_flight_than_connections(connect: Connect) -> None:
    hold = threading.Event()
    with ScriptedServer(*(Answer(200, delay=hold) for _ in range(6))) as server:
        session = connect(server.url, connections=2)
        threads = [threading.Thread(target=session.request, args=("GET", "/")) for _ in range(6)]
        for thread in threads:
            thread.start()
        while len(server.seen) < 2:
            threads[0].join(0.01)
        threads[0].join(0.1)
        assert len(server.seen) == 2
        hold.set()
        for thread in threads:
            thread.join()
        assert len(server.seen) == 6


def test_closing_ends_a_wait(server: ScriptedServer) -> None:
    server.always = plain(503, "away")
    session = HttpSession(server.url, policy=RetryPolicy(base=60))
    closing = threading.Timer(0.05, session.close)
    closing.start()
    with pytest.raises(FatalError, match="was closed"):
        session.request("GET", "/")
    closing.join()


def test_proxies_come_from_the_environment(
    server: ScriptedServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    connect("http://catalogue.invalid/api").request("GET", "/v1/tables")
    assert server.seen[0].path == "http://catalogue.invalid/api/v1/tables"
