"""That no secret is shown: in a repr, a pickle, JSON, an error or a log."""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, ClassVar

import pytest

from beam_ingest.testing import planting
from beam_ingest.testing.compare import fail
from beam_ingest.testing.exercise import exercise


class SecretChecks:
    """The checks of secrets; a part of every suite.

    A secret is planted in every field of ``Config`` that is a ``Secret``, and in every free-form
    mapping that keeps its passwords with ``secret_options``.
    """

    not_secret: ClassVar[Any] = ()
    """Keys that are named like a secret and are none."""

    config: ClassVar[Any]
    failing_config: ClassVar[Any]
    samples: Callable[[], list[Any]]
    component_class: Callable[[], Any]
    make: Callable[..., Any]
    opened: Callable[..., AbstractContextManager[Any]]

    def test_a_key_that_names_a_secret_holds_one(self) -> None:
        """A password that is plain text in ``Config`` is protected nowhere."""
        keys = set(planting.open_secrets(self.component_class().Config)) - set(self.not_secret)
        if keys:
            fail(
                f"{', '.join(sorted(keys))}: annotate it as Secret, or name it in not_secret if "
                "it holds none"
            )

    def test_no_secret_is_shown(self) -> None:
        """Not in repr, str, JSON or pickle, of the component and of its configuration."""
        cls = self.component_class()
        planted = planting.plant(cls.Config, self.config)
        component = self.make(planted.config)
        for where, shown in _appearances(component):
            _expect_none(where, shown, planted)

    def test_no_secret_is_in_an_error_or_a_log(self, caplog: pytest.LogCaptureFixture) -> None:
        """Not when it works, not when it fails, and not in its checks."""
        cls = self.component_class()
        for config in (self.config, self.failing_config):
            if config is None:
                continue
            planted = planting.plant(cls.Config, config)
            if not planted.secrets:
                continue
            with caplog.at_level(logging.DEBUG):
                for error in self._failures(planted.config):
                    text = "".join(traceback.format_exception(error))
                    _expect_none("an error", f"{text}{error!r}{vars(error)!r}", planted)
                    _expect_none("a pickled error", _pickled(error), planted)
            _expect_none("a log", caplog.text, planted)

    def _failures(self, config: Mapping[str, Any]) -> Iterator[Exception]:
        try:
            with self.opened(config) as component:
                exercise(component, self.samples())
        except Exception as error:
            yield error
        for check in self.make(config).checks():
            try:
                check.run()
            except Exception as error:
                yield error


def _appearances(component: Any) -> Iterator[tuple[str, str | bytes]]:
    config = component.config
    yield "repr(component)", repr(component)
    yield "str(component)", str(component)
    yield "repr(component.config)", repr(config)
    yield "str(component.config)", str(config)
    yield "the configuration as JSON", config.model_dump_json()
    yield "the configuration as a mapping", repr(config.model_dump())
    yield "the pickled configuration", _pickled(config)
    yield "the pickled component", _pickled(component)


def _pickled(value: object) -> bytes:
    try:
        return pickle.dumps(value)
    except (pickle.PicklingError, AttributeError, TypeError):
        return b""  # what has no pickle shows nothing in it


def _expect_none(where: str, shown: str | bytes, planted: planting.Planted) -> None:
    found = planting.found_in(shown, planted.secrets)
    if found:
        paths = [planted.paths[planted.secrets.index(secret)] for secret in found]
        keys = ", ".join(".".join(map(str, path)) for path in paths)
        fail(f"{where} shows the secret of {keys}")
