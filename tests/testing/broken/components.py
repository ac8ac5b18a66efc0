"""Broken in what every component is held to, whatever its kind; the carrier is a processor."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, field_serializer, model_validator

from beam_ingest import (
    Check,
    ConfigModel,
    Context,
    FatalError,
    Processor,
    Record,
    RecordError,
    Secret,
)
from beam_ingest.api.secrets import Options
from beam_ingest.testing import ProcessorSuite
from tests.testing.broken.bite import caught_by, passes


class Suite(ProcessorSuite):
    config = {
        "token": "abc",
        "server": {"host": "localhost", "password": "abc"},
        "options": {"password": "abc"},
    }
    own_process = False


class Server(ConfigModel):
    host: str
    password: Secret | None = None


@passes(Suite, own_process=True, failing_config={"server": {"host": "nowhere"}})
class Good(Processor):
    class Config(ConfigModel):
        server: Server
        token: Secret | None = None
        options: Options = {}

    def open(self) -> None:
        if self.config.server.host == "nowhere":
            raise FatalError("the host nowhere does not answer", hint="check server.host")

    def process(self, record: Record) -> Any:
        return record

    def checks(self) -> Iterable[Check]:
        return (Check("host", lambda: "found"), Check("login", lambda: None))


@passes(Suite)
class KeepsAPlaceForItsConnection(Good):
    def __init__(self, config: Any, context: Context) -> None:
        super().__init__(config, context)
        self.connection = None


@caught_by(Suite, "the_constructor_only_stores")
class CountsFromItsConstructor(Good):
    def __init__(self, config: Any, context: Context) -> None:
        super().__init__(config, context)
        self.count = 0


@caught_by(Suite, "the_constructor_only_stores")
class OpensInItsConstructor(Good):
    def __init__(self, config: Any, context: Context) -> None:
        super().__init__(config, context)
        self.open()


@caught_by(Suite, "the_constructor_only_stores")
class ReadsAFileInItsConstructor(Good):
    def __init__(self, config: Any, context: Context) -> None:
        super().__init__(config, context)
        Path(__file__).read_bytes()


@caught_by(Suite, "the_constructor_only_stores")
class ChangesItsConfig(Good):
    def __init__(self, config: Any, context: Context) -> None:
        super().__init__(config.model_copy(), context)


@caught_by(Suite, "using_it_leaves_its_class_alone")
class SharesACache(Good):
    cache: ClassVar[dict[str, int]] = {}

    def process(self, record: Record) -> Any:
        self.cache[str(record)] = len(self.cache)
        return record


@caught_by(Suite, "using_it_leaves_its_class_alone")
class CountsInItsClass(Good):
    count: ClassVar[int] = 0

    def process(self, record: Record) -> Any:
        type(self).count += 1
        return record


@caught_by(Suite, "an_unknown_key_is_refused_by_name")
class TakesAnyKey(Good):
    class Config(Good.Config):
        model_config = Good.Config.model_config | {"extra": "ignore"}


@caught_by(Suite, "an_unknown_key_is_refused_by_name")
class TakesAnyNestedKey(Good):
    class Config(Good.Config):
        class AnyServer(Server):
            model_config = Server.model_config | {"extra": "ignore"}

        server: AnyServer


@caught_by(Suite, "an_unknown_key_is_refused_by_name")
class RefusesWithoutAName(Good):
    class Config(Good.Config):
        @model_validator(mode="before")
        @classmethod
        def _known(cls, value: Any) -> Any:
            if "notAKeyOfThis" in value:
                raise ValueError("something is wrong")
            return value


@caught_by(Suite, "rebuilt_elsewhere_it_does_the_same")
class LosesAKeyInJson(Good):
    class Config(Good.Config):
        server: Server = Field(Server(host="localhost"), exclude=True)


def _local() -> type[Good]:
    @caught_by(Suite, "rebuilt_elsewhere_it_does_the_same")
    class OnlyInThisFunction(Good):
        pass

    return OnlyInThisFunction


_local()


@caught_by(Suite, "closing_is_harmless_at_any_time")
class ClosesWhatItNeverOpened(Good):
    def open(self) -> None:
        self.connection = ["open"]

    def close(self) -> None:
        self.connection.clear()


@caught_by(Suite, "closing_is_harmless_at_any_time")
class ClosesOnce(Good):
    connection: Any = None

    def open(self) -> None:
        self.connection = ["open"]

    def close(self) -> None:
        if self.connection is not None:
            self.connection.remove("open")


@caught_by(Suite, "its_checks_have_names_and_pass")
class TwoChecksOfOneName(Good):
    def checks(self) -> Iterable[Check]:
        return (Check("login", lambda: None), Check("login", lambda: None))


@caught_by(Suite, "its_checks_have_names_and_pass")
class CheckFindsANumber(Good):
    def checks(self) -> Iterable[Check]:
        return (Check("rows", lambda: 3),)  # type: ignore[arg-type, return-value]


@caught_by(Suite, "its_checks_have_names_and_pass")
class CheckNeedsOpen(Good):
    def open(self) -> None:
        self.connection = "open"

    def checks(self) -> Iterable[Check]:
        return (Check("login", lambda: self.connection),)


@caught_by(Suite, "a_failure_is_explained", failing_config={"server": {"host": "nowhere"}})
class FailsWithAKeyError(Good):
    def open(self) -> None:
        if self.config.server.host == "nowhere":
            raise KeyError("nowhere")


@caught_by(Suite, "a_failure_is_explained", failing_config={"server": {"host": "nowhere"}})
class DoesNotFail(Good):
    def open(self) -> None:
        pass


@caught_by(Suite, "a_key_that_names_a_secret_holds_one")
class PlainPassword(Good):
    class Config(Good.Config):
        db_password: str | None = None


@caught_by(Suite, "no_secret_is_shown")
class ShowsItInRepr(Good):
    def __repr__(self) -> str:
        return f"ShowsItInRepr({self.config.token and self.config.token.get()})"


@caught_by(Suite, "no_secret_is_shown")
class ShowsItInItsPickle(Good):
    def __reduce__(self) -> Any:
        return copy.copy, (self.config.token and self.config.token.get(),)


@caught_by(Suite, "no_secret_is_shown", "rebuilt_elsewhere_it_does_the_same")
class ShowsItInJson(Good):
    class Config(Good.Config):
        @field_serializer("token")
        def _resolved(self, token: Secret | None) -> str | None:
            return token.get() if token else None


@caught_by(Suite, "no_secret_is_shown")
class KeepsOptionsResolved(Good):
    class Config(Good.Config):
        dsn: str = ""

        @model_validator(mode="after")
        def _resolve(self) -> KeepsOptionsResolved.Config:
            self.__dict__["dsn"] = f"db://:{self.options['password'].get()}@{self.server.host}"
            return self


@caught_by(Suite, "no_secret_is_in_an_error_or_a_log")
class ShowsItInAnError(Good):
    def open(self) -> None:
        password = self.config.server.password.get()
        if password != "abc":
            raise FatalError(f"login with {password} failed")


@caught_by(Suite, "no_secret_is_in_an_error_or_a_log")
class ShowsItInAPickledError(Good):
    def open(self) -> None:
        if self.config.token.get() != "abc":
            error = RecordError("login failed")
            error.response = Hidden(self.config.token.get())  # type: ignore[attr-defined]
            raise error


class Hidden:
    def __init__(self, value: str) -> None:
        self.value = value


@caught_by(Suite, "no_secret_is_in_an_error_or_a_log")
class ShowsItInItsLog(Good):
    def open(self) -> None:
        logging.getLogger("mine").debug("token %s", self.config.token.get())


@caught_by(
    Suite, "no_secret_is_in_an_error_or_a_log",
    failing_config={"server": {"host": "nowhere"}, "token": "abc"},
)  # fmt: skip
class ShowsItWhenItFails(Good):
    def open(self) -> None:
        if self.config.server.host == "nowhere":
            raise FatalError(f"nowhere refuses {self.config.token.get()}")
