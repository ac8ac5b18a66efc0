"""Beam's job server with an embedded Flink, on loopback, for as long as a test session.

It is older than the Python side (``JOB_SERVER``): the newest that Maven Central is sure to have.
Users take the one of their Beam version, which Beam downloads by itself.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from beam_ingest.runners.job_server import stop_readers
from tests.servers.free_port import free_port
from tests.servers.java import java
from tests.servers.maven import NoMaven, jars
from tests.servers.missing import cannot_be_had

JOB_SERVER = "2.62.0"
FLINK = "1.19"
JAVA = 11
_START_LIMIT = 60  # seconds

OPENED = (
    "java.lang", "java.lang.invoke", "java.net", "java.io", "java.nio", "java.text", "java.time",
    "java.util", "java.util.concurrent", "java.util.concurrent.atomic",
)  # fmt: skip
"""Packages of the JDK that Flink's serializers look into."""


def job_server_jar() -> Path:
    """The job server as one jar. Skips the test, or fails it, where it cannot be had."""
    try:
        return jars("flink") / "job-server.jar"
    except NoMaven as error:
        cannot_be_had("Beam's job server for Flink", str(error))


def java_command(*options: str) -> list[str]:
    """A Java that Flink runs on, with what Flink needs. Skips or fails where there is none."""
    program = java(at_least=JAVA)
    if program is None:
        cannot_be_had(f"Java {JAVA}", "apt-get install default-jre-headless")
    opens = [f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in OPENED]
    return [str(program), *opens, *options]


class JobServer:
    """The job server; ``endpoint`` is what pipelines name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.endpoint = f"127.0.0.1:{self.port}"
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        """Start, and wait until it listens. A job has as many slots as its ``workers``."""
        # No taskmanager.numberOfTaskSlots: bounded jobs of an embedded Flink would take it for
        # their parallelism, whatever they ask for.
        (self.folder / "flink-conf.yaml").write_text("taskmanager.memory.network.fraction: 0.3\n")
        command = [
            *java_command("-Xmx1g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"),
            "-jar", str(job_server_jar()), "--flink-master", "[local]",
            "--job-port", str(self.port), "--artifact-port", "0", "--expansion-port", "0",
            "--artifacts-dir", str(self.folder / "artifacts"),
            "--flink-conf-dir", str(self.folder), *options,
        ]  # fmt: skip
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        limit = time.monotonic() + _START_LIMIT
        while not _listens(self.port):
            if time.monotonic() > limit or self._process.poll() is not None:
                raise AssertionError(self._log.read_text()[-3000:])
            time.sleep(0.05)

    def stop(self) -> None:
        """End it; jobs end with it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def beam(self, workers: int = 2, **options: Any) -> dict[str, Any]:
        """The ``beam:`` block of a workflow that runs here, its workers in this process."""
        return {
            "runner": "flink",
            "workers": workers,
            "options": {"job_endpoint": self.endpoint, **options},
        }


def job_server() -> Iterator[JobServer]:
    """Start one; stop it and remove it at the end."""
    server = JobServer(Path(tempfile.mkdtemp(prefix="beam-ingest-flink-")))
    try:
        server.start()
        yield server
    finally:
        stop_readers(server.stop)
        shutil.rmtree(server.folder, ignore_errors=True)


def _listens(port: int) -> bool:
    import socket

    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
