"""A Flink cluster on loopback: a job manager, task managers, and a pool of Python workers.

Its programs come from PyPI: ``apache-flink-libraries`` has the jars, ``apache-flink`` the scripts.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from tests.acceptance.command import children
from tests.servers.flink import JAVA, job_server_jar
from tests.servers.free_port import free_port
from tests.servers.java import java
from tests.servers.maven import cache
from tests.servers.missing import cannot_be_had

VERSION = "1.19.3"
ROOT = Path(__file__).parents[2]
_LIMIT = 90  # seconds

CONFIGURATION = """\
jobmanager.rpc.address: 127.0.0.1
jobmanager.rpc.port: {rpc}
jobmanager.bind-host: 127.0.0.1
jobmanager.memory.process.size: 1g
taskmanager.bind-host: 127.0.0.1
taskmanager.host: 127.0.0.1
taskmanager.numberOfTaskSlots: {slots}
taskmanager.memory.process.size: 1400m
taskmanager.memory.network.min: 256m
taskmanager.memory.network.max: 256m
rest.port: {rest}
rest.address: 127.0.0.1
rest.bind-address: 127.0.0.1
web.upload.dir: {folder}/upload
heartbeat.interval: 1000
heartbeat.timeout: 30000
io.tmp.dirs: {folder}
parallelism.default: 1
restart-strategy.type: fixed-delay
restart-strategy.fixed-delay.attempts: 20
restart-strategy.fixed-delay.delay: 1s
"""


class NoFlink(Exception):
    """Flink is not here, or could not be fetched; the message says what to do."""


def home() -> Path:
    """Flink's folder, fetched once a machine. Raises ``NoFlink``."""
    folder = cache() / f"flink-cluster-{VERSION}"
    if not folder.is_dir():
        _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    if os.environ.get("BEAM_INGEST_TEST_INSTALL") == "no":
        raise NoFlink("unset BEAM_INGEST_TEST_INSTALL, or run: make servers")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="flink-", dir=folder.parent) as work:
        told = subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
             "--disable-pip-version-check", "--dest", work,
             f"apache-flink=={VERSION}", f"apache-flink-libraries=={VERSION}"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if told.returncode != 0:
            raise NoFlink(f"pip could not fetch Flink: {told.stderr[-500:]}")
        made = Path(work, "home")
        for name in ("lib", "bin", "conf"):
            (made / name).mkdir(parents=True)
        with tarfile.open(next(Path(work).glob("*.tar.gz"))) as archive:
            for member in archive:
                path = Path(member.name)
                if path.parts[1:-1] in (("deps", "lib"), ("deps", "bin")) and path.suffix == ".jar":
                    _copy(archive.extractfile(member), made / path.parts[2] / path.name)
        with zipfile.ZipFile(next(Path(work).glob("*.whl"))) as wheel:
            for name in wheel.namelist():
                path = Path(name)
                if path.parts[:2] in (("pyflink", "bin"), ("pyflink", "conf")) and path.parts[2:]:
                    _copy(wheel.open(name), made / path.parts[1] / path.name)
        for script in (made / "bin").iterdir():
            script.chmod(0o755)
        # By rename: two test runs may fetch at once, and either result is whole.
        try:
            made.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise


def _copy(source: Any, target: Path) -> None:
    with source, target.open("wb") as out:
        shutil.copyfileobj(source, out)


class FlinkCluster:
    """One job manager; task managers and a worker pool, which may be killed and started again."""

    def __init__(self, folder: Path, slots: int = 2) -> None:
        self.folder = folder
        self.rest = free_port()
        self.pool_port = free_port()
        self.url = f"http://127.0.0.1:{self.rest}"
        self.task_managers: list[subprocess.Popen[bytes]] = []
        self._home = home()
        self._others: list[subprocess.Popen[bytes]] = []
        (folder / "flink-conf.yaml").write_text(
            CONFIGURATION.format(rpc=free_port(), rest=self.rest, slots=slots, folder=folder)
        )
        shutil.copy(self._home / "conf" / "log4j-console.properties", folder)

    def start(self, task_managers: int = 2) -> None:
        """Start everything, and wait until the task managers have registered."""
        self._others.append(
            self._run("job-manager", [*self._script("jobmanager"), "start-foreground"])
        )
        self._others.append(self._pool())
        for _ in range(task_managers):
            self.add_task_manager()
        self.wait_for(task_managers)

    def add_task_manager(self) -> subprocess.Popen[bytes]:
        """Start one more."""
        name = f"task-manager-{len(self.task_managers)}"
        process = self._run(name, [*self._script("taskmanager"), "start-foreground"])
        self.task_managers.append(process)
        return process

    def wait_for(self, task_managers: int) -> None:
        """Wait until so many task managers have registered."""
        limit = time.monotonic() + _LIMIT
        while True:
            try:
                if len(self.get("/v1/taskmanagers").get("taskmanagers", ())) == task_managers:
                    return
            except requests.RequestException:
                pass
            if time.monotonic() > limit or self._others[0].poll() is not None:
                raise AssertionError(self.logs())
            time.sleep(0.1)

    def get(self, path: str) -> Any:
        """The answer of the REST interface."""
        return requests.get(self.url + path, timeout=10).json()

    def workers(self) -> list[int]:
        """The process ids of the Python workers that the pool has started."""
        return children(self._others[1].pid)

    def beam(self, workers: int = 2, **options: Any) -> dict[str, Any]:
        """The ``beam:`` block of a workflow that runs here."""
        return {
            "runner": "flink",
            "workers": workers,
            "options": {
                "flink_master": self.url,
                "flink_job_server_jar": str(job_server_jar()),
                "environment_type": "EXTERNAL",
                "environment_config": f"127.0.0.1:{self.pool_port}",
                **options,
            },
        }

    def run_jar(self, jar: Path) -> subprocess.CompletedProcess[str]:
        """``flink run``: submit a packed job, and wait for its end."""
        return subprocess.run(
            [*self._script("flink", ""), "run", "-m", f"127.0.0.1:{self.rest}", str(jar)],
            env=self._environment(), cwd=self.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def logs(self) -> str:
        """The ends of all logs."""
        logs = sorted(self.folder.glob("*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text()[-2000:]}" for log in logs)

    def stop(self) -> None:
        """End everything."""
        for process in [*self.task_managers, *self._others]:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _pool(self) -> subprocess.Popen[bytes]:
        module = "tests.servers.worker_pool"
        return self._run("pool", [sys.executable, "-m", module, str(self.pool_port)])

    def _script(self, name: str, suffix: str = ".sh") -> list[str]:
        return [str(self._home / "bin" / f"{name}{suffix}")]

    def _environment(self) -> dict[str, str]:
        program = java(at_least=JAVA)
        assert program is not None
        return {
            **os.environ,
            "JAVA_HOME": str(program.resolve().parents[1]),
            "FLINK_CONF_DIR": str(self.folder),
            "FLINK_LOG_DIR": str(self.folder),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
        }

    def _run(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder,
                env=self._environment(), start_new_session=True,
            )  # fmt: skip


def flink_cluster() -> Iterator[FlinkCluster]:
    """Start one with two task managers; stop it and remove it at the end."""
    if java(at_least=JAVA) is None:
        cannot_be_had(f"Java {JAVA}", "apt-get install default-jre-headless")
    job_server_jar()
    folder = Path(tempfile.mkdtemp(prefix="beam-ingest-flink-"))
    try:
        cluster = FlinkCluster(folder)
    except NoFlink as error:
        cannot_be_had("Flink", str(error))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    try:
        home()
    except NoFlink as error:
        print(f"flink: {error}")
