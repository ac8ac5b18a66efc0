"""Where the workers of a run are, by the runner and its options: what they can see of this machine.

The rules are Beam's own: its runners for Flink and Spark keep the workers in the launching process
(``LOOPBACK``) unless they are told of a cluster, and start containers (``DOCKER``) otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

NAMES = {
    "flink": "FlinkRunner",
    "dataflow": "DataflowRunner",
    "prism": "PrismRunner",
    "local": "FnApiRunner",
}
"""Our names of runners, and Beam's."""

_IN_PROCESS = ("FnApiRunner", "PrismRunner", "DirectRunner", "BundleBasedDirectRunner")
_LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1", "embed")


class Place(Enum):
    """Where the workers are, seen from the launching process."""

    INSIDE = "inside"
    """In this process or its children: they see its files, its variables, its secrets."""
    BESIDE = "beside"
    """On this machine, started by somebody else: they see its files."""
    ELSEWHERE = "elsewhere"
    """On other machines, or in containers: they see nothing of this one."""


def beam_name(runner: str) -> str:
    """The name that Beam has for a runner."""
    return NAMES.get(runner, runner)


def environment_of(runner: str, options: Mapping[str, Any]) -> str:
    """What Beam calls the environment of the workers: ``LOOPBACK``, ``DOCKER``, ``EXTERNAL``, …"""
    given = options.get("environment_type")
    if given:
        return str(given).upper()
    name = beam_name(runner)
    if name in _IN_PROCESS:
        return "LOOPBACK"
    master = {"FlinkRunner": "flink_master", "SparkRunner": "spark_master_url"}.get(name)
    if master is not None and not names_cluster(options.get(master)):
        endpoint = options.get("job_endpoint")
        if not options.get("output_executable_path") and (not endpoint or _is_here(endpoint)):
            return "LOOPBACK"
    return "DOCKER"


def names_cluster(master: Any) -> bool:
    """Whether ``flink_master`` or ``spark_master_url`` is the address of a cluster."""
    text = str(master or "").strip()
    return bool(text) and not text.startswith(("[", "local"))


def place_of(runner: str, options: Mapping[str, Any]) -> Place:
    """Where the workers of a run are."""
    environment = environment_of(runner, options)
    if environment in ("LOOPBACK", "EMBEDDED"):
        return Place.INSIDE
    if environment not in ("EXTERNAL", "PROCESS") or options.get("output_executable_path"):
        return Place.ELSEWHERE
    addresses = [options.get("job_endpoint"), options.get("flink_master")]
    if environment == "EXTERNAL":
        addresses.append(options.get("environment_config"))
    named = [address for address in addresses if address]
    return Place.BESIDE if named and all(map(_is_here, named)) else Place.ELSEWHERE


def _is_here(address: Any) -> bool:
    text = str(address).strip()
    try:
        host = urlsplit(text if "://" in text else f"//{text}").hostname
    except ValueError:
        return text.startswith("[local]")
    return host in _LOOPBACK_HOSTS or text.startswith("[")
