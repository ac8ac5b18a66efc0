from __future__ import annotations

import threading

from beam_ingest.connectors.openmetadata.under_way import UnderWay


def test_who_needs_a_name_waits_until_nobody_writes_it() -> None:
    under_way = UnderWay()
    seen: list[str] = []

    def need() -> None:
        under_way.wait_for(["a", "z"])
        seen.append("there")

    waiting = threading.Thread(target=need)
    with under_way.of(["a", "b"]):
        with under_way.of(["a"]):
            waiting.start()
        seen.append("still written by one")
    waiting.join(timeout=10)
    assert seen == ["still written by one", "there"]


def test_what_is_not_under_way_is_not_waited_for() -> None:
    under_way = UnderWay()
    with under_way.of(["a"]):
        under_way.wait_for(["b"])
    under_way.wait_for(["a"])
