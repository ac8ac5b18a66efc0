"""A real search server on loopback: what Elasticsearch and OpenSearch have in common here."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

from tests.servers.java import java
from tests.servers.maven import NoMaven, jars
from tests.servers.missing import cannot_be_had, missing

HEAP = 400
"""MB: enough for tests, which send little."""
_START_LIMIT = 90  # seconds


class SearchServer:
    """One node in a folder of its own, without security."""

    name: ClassVar[str]
    pom: ClassVar[str]
    main: ClassVar[str]
    java_range: ClassVar[tuple[int, int]]
    options: ClassVar[tuple[str, ...]] = ()

    def __init__(self, folder: Path, program: Path, libraries: Path, heap: int) -> None:
        self._heap = heap
        self.port = _port()
        self._cluster = f"tests-{os.getpid()}-{self.port}"
        self._folder, self._program, self._libraries = folder, program, libraries
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def begin(self) -> None:
        """Start, without waiting."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(self._program), f"-Xms{self._heap}m", f"-Xmx{self._heap}m",
                    "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
                    "-cp", f"{self._libraries}/*", self.main,
                    "-basePath", str(self._folder / "data"), "-numOfNode", "1",
                    "-baseHttpPort", str(self.port - 1), "-clusterName", self._cluster,
                    *self.options,
                ],
                cwd=self._folder, stdin=subprocess.PIPE, stdout=log, stderr=log,
            )  # fmt: skip

    def await_answer(self) -> None:
        """Wait until it answers."""
        limit = time.monotonic() + _START_LIMIT
        while True:
            with contextlib.suppress(OSError, ValueError):
                if self.ask("GET", "/")["cluster_name"] == self._cluster:
                    self.ask("GET", "/_cluster/health?wait_for_status=yellow&timeout=5s")
                    return
                self.port += 1  # somebody was faster, and the runner has taken the next
            if time.monotonic() > limit or self._process is None or self._process.poll():
                raise AssertionError((self._folder / "log").read_text()[-3000:])
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop as a crash does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(timeout=_START_LIMIT)
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process = None

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A request by the standard library alone; the answer's JSON. Raises ``HTTPError``."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def indexes(self, prefix: str) -> dict[str, list[str]]:
        """The indexes that begin with ``prefix``, each with its aliases."""
        found = self.ask("GET", f"/{prefix}*/_alias")
        return {name: sorted(value["aliases"]) for name, value in sorted(found.items())}

    def documents(self, index: str) -> list[dict[str, Any]]:
        """What a search client sees in an index or alias; nothing where there is none."""
        try:
            self.ask("POST", f"/{index}/_refresh")
            found = self.ask("POST", f"/{index}/_search?size=10000", {"sort": ["fqnHash"]})
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return []
            raise
        return [hit["_source"] for hit in found["hits"]["hits"]]

    def count(self, index: str) -> int:
        """How many documents a search client sees now; -1 where there is no such index."""
        try:
            return int(self.ask("GET", f"/{index}/_count")["count"])
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return -1
            raise

    def remove(self, prefix: str) -> None:
        """Every index that begins with ``prefix``."""
        for name in self.indexes(prefix):
            self.ask("DELETE", f"/{name}")


def _port() -> int:
    """A port that nobody listens on; the runners look at none above 9299."""
    ports = range(9210, 9290)
    start = os.getpid() % len(ports)
    for port in chain(ports[start:], ports[:start]):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise AssertionError("no port below 9300 is free")


def running(cls: type[SearchServer], heap: int) -> Iterator[SearchServer]:
    """Start one with so many MB of heap; stop it and remove it at the end."""
    least, most = cls.java_range
    program = java(least, most)
    if program is None:
        missing(f"Java {least} for {cls.name}", f"openjdk-{least}-jre-headless")
    try:
        libraries = jars(cls.pom)
    except NoMaven as error:
        cannot_be_had(cls.name, str(error))
    folder = Path(tempfile.mkdtemp(prefix=f"beam-ingest-{cls.pom}-"))
    server = cls(folder, program, libraries, heap)
    try:
        server.begin()
        server.await_answer()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
