"""What every component is held to, whatever its kind; the base of the suites."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, ValidationError

from beam_ingest.api.component import Component, Context
from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.errors import IngestError, UnknownComponent
from beam_ingest.api.registry import Kind, find
from beam_ingest.testing.compare import canonical, fail
from beam_ingest.testing.exercise import exercise
from beam_ingest.testing.inputs import give, resolve
from beam_ingest.testing.rebuild import Job, answer_elsewhere, answer_here
from beam_ingest.testing.records import sample_tables
from beam_ingest.testing.secret_checks import SecretChecks
from beam_ingest.testing.state import class_state, constructor_faults

_UNKNOWN = "notAKeyOfThis"


class ComponentSuite(SecretChecks):
    """The base of the suites. Each input is a class attribute, or a pytest fixture of that name
    for what needs a ``tmp_path`` or a server.
    """

    kind: ClassVar[Kind]

    component: ClassVar[Any]
    """The class, or the type as a workflow names it: ``sqlite``, ``mine.MySource``."""
    config: ClassVar[Any] = {}
    """The configuration as in YAML."""
    context: ClassVar[Any] = Context(service_name="warehouse", run_id="run-1")
    source_config: ClassVar[Any] = None
    """A source's ``sourceConfig.config`` as in YAML; None: the workflow has none."""
    records: ClassVar[Any] = None
    """Sample records, for what takes records. None: six tables of ``sample_tables``."""
    own_process: ClassVar[Any] = True
    """False where the system is faked inside the test's process: rebuilt there, not elsewhere."""
    failing_config: ClassVar[Any] = None
    """A configuration it cannot work with (a closed port, a missing file). None: not checked."""

    @pytest.fixture(autouse=True)
    def _inputs(self, request: pytest.FixtureRequest) -> None:
        resolve(self, request)
        if self.records is None:
            give(self, "records", list(sample_tables(6)))
        if self.source_config is not None:
            model = self.component_class().SourceConfig.model_validate(self.source_config)
            give(self, "context", replace(self.context, source_config=model))

    def component_class(self) -> Any:
        """The component's class."""
        if inspect.isclass(self.component):
            return self.component
        return find(self.kind, self.component_type())

    def component_type(self) -> str:
        """The type by which a workflow would name the component."""
        if isinstance(self.component, str):
            return self.component
        return f"{self.component.__module__}.{self.component.__qualname__}"

    def make(self, config: Mapping[str, Any] | None = None, *, run_id: str | None = None) -> Any:
        """A new instance, not opened."""
        cls = self.component_class()
        context = replace(self.context, run_id=run_id) if run_id else self.context
        return cls(cls.Config.model_validate(self.config if config is None else config), context)

    @contextmanager
    def opened(
        self, config: Mapping[str, Any] | None = None, *, run_id: str | None = None
    ) -> Iterator[Any]:
        """A new instance, opened; closed at the end."""
        component = self.make(config, run_id=run_id)
        try:
            component.open()
            yield component
        finally:
            component.close()

    def samples(self) -> list[Any]:
        """What the component is tried with."""
        return list(self.records)

    def job(self, config: ConfigModel | None = None) -> Job:
        """What a worker is given to build the component."""
        config = config or self.component_class().Config.model_validate(self.config)
        text = config.model_dump_json(by_alias=True, exclude_unset=True)
        return Job(self.kind, self.component_type(), text, self.context, self.samples())

    def test_the_constructor_only_stores(self) -> None:
        """A component is built on every worker: its constructor does no work."""
        cls: type[Component] = self.component_class()
        config = cls.Config.model_validate(self.config)
        faults = constructor_faults(cls, config, self.context)
        if faults:
            fail(
                f"the constructor of {cls.__name__} must only store config and context; connect "
                "in open():\n  " + "\n  ".join(faults)
            )

    def test_using_it_leaves_its_class_alone(self) -> None:
        """Two instances share nothing that one of them changes."""
        before = class_state(self.component_class())
        with self.opened() as component:
            exercise(component, self.samples())
        after = class_state(self.component_class())
        changed = sorted(k for k in before.keys() | after.keys() if before.get(k) != after.get(k))
        if changed:
            fail(
                f"using one instance changed what all share: {', '.join(changed)}; keep it in "
                "self, made in open()"
            )

    def test_an_unknown_key_is_refused_by_name(self) -> None:
        """A typo in a key is an error that names it, in nested keys too."""
        expect_refusal(self.component_class().Config, self.config)

    def test_rebuilt_elsewhere_it_does_the_same(self) -> None:
        """Type, configuration as JSON and context are all that a worker gets."""
        self._expect_findable()
        given = self.component_class().Config.model_validate(self.config)
        job = self.job(given)
        if type(given).model_validate_json(job.config) != given:
            fail(f"the configuration is another after a way through JSON:\n  {job.config}")
        with self.opened() as component:
            here = exercise(component, self.samples())
        there = answer_elsewhere(job) if self.own_process else answer_here(job)
        if canonical(there) != canonical(here):
            fail(
                "rebuilt from type, config and context it answers otherwise:\n"
                f"  here:  {canonical(here)[:1000]}\n  there: {canonical(there)[:1000]}"
            )

    def test_closing_is_harmless_at_any_time(self) -> None:
        """``close`` follows an ``open`` that failed half way, and may come twice."""
        self.make().close()
        component = self.make()
        component.open()
        component.close()
        component.close()
        with self.opened() as another:
            exercise(another, self.samples())

    def test_its_checks_have_names_and_pass(self) -> None:
        """``test-connection``: unique names, no ``open`` before, a short text or None."""
        checks = list(self.make().checks())
        names = [check.name for check in checks]
        if not all(names) or len(set(names)) < len(names):
            fail(f"checks need names, each another one; these are {names}")
        for check in checks:
            found = check.run()
            if not (found is None or isinstance(found, str)):
                fail(f"the check {check.name!r} found no text but {found!r}")

    def test_a_failure_is_explained(self) -> None:
        """What cannot work ends in an error that is meant for the reader."""
        if self.failing_config is None:
            pytest.skip("no failing_config is given")
        try:
            with self.opened(self.failing_config) as component:
                exercise(component, self.samples())
        except IngestError as error:
            if not error.message.strip():
                fail(f"the {type(error).__name__} says nothing")
        except Exception as error:
            fail(
                f"a failure reaches the user as {type(error).__name__}: {error}; raise "
                "TransientError, RecordError or FatalError with what to do about it"
            )
        else:
            fail("it works with failing_config, so nothing was checked")

    def _expect_findable(self) -> None:
        try:
            found = find(self.kind, self.component_type())
        except UnknownComponent as error:
            fail(
                f"a worker finds a component by its type, and cannot find "
                f"{self.component_type()!r}: {error}"
            )
        if inspect.isclass(self.component) and found is not self.component:
            fail(f"the type {self.component_type()!r} names another class")


def expect_refusal(model: type[BaseModel], config: Mapping[str, Any]) -> None:
    """Fail unless ``model`` refuses an unknown key by name, here and in each nested object."""
    given = model.model_validate(config).model_dump(mode="json", by_alias=True, exclude_unset=True)
    for where, tried in _with_unknown_keys(model.model_validate(config), given):
        try:
            model.model_validate(tried)
        except ValidationError as error:
            named = [one["loc"][-1:] for one in error.errors(include_url=False)]
            if (_UNKNOWN,) not in named:
                fail(f"the refusal of an unknown key in {where} does not name it:\n  {error}")
        else:
            fail(
                f"an unknown key in {where} is accepted, so a typo goes unnoticed: derive "
                f"{model.__name__} from ConfigModel"
            )


def _with_unknown_keys(value: Any, given: Any, where: str = "config") -> Iterator[tuple[str, Any]]:
    """``given`` with an unknown key put in, one place at a time."""
    if isinstance(value, BaseModel) and isinstance(given, dict):
        yield where, {**given, _UNKNOWN: 1}
        for name, info in type(value).model_fields.items():
            key = info.alias or name
            if key in given:
                inner = _with_unknown_keys(getattr(value, name), given[key], f"{where}.{key}")
                for place, tried in inner:
                    yield place, {**given, key: tried}
    elif isinstance(value, (list, tuple)) and isinstance(given, list):
        for index, item in enumerate(value):
            for place, tried in _with_unknown_keys(item, given[index], f"{where}[{index}]"):
                yield place, [*given[:index], tried, *given[index + 1 :]]
