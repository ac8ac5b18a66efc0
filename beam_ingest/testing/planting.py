"""Plants a unique secret in every place of a configuration that can hold one.

The places are found in the model: fields annotated ``Secret``, also in nested models, lists and
mappings, and free-form mappings that keep what is called a password secret (``secret_options``).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from beam_ingest.api.annotations import classes_in
from beam_ingest.api.secrets import Secret

Path = tuple[str | int, ...]

_DEEPEST = 6
_OPTION = "password"
_NAMES_A_SECRET = re.compile(
    r"(^|_)(passw(or)?d|passphrase|secret|api_?key|secret_(access_)?key|client_secret|private_key"
    r"|(access|auth|bearer|jwt|personal_access|refresh|session)_token)$"
)


@dataclass
class Planted:
    """A configuration as in YAML, and the secrets that are in it."""

    config: dict[str, Any]
    secrets: list[str] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)


def plant(model: type[BaseModel], config: Mapping[str, Any]) -> Planted:
    """``config`` with a planted secret in every place that takes one.

    A place that the configuration leaves empty is filled where the model still validates with
    it (a token beside a password may be refused); one that it fills is always replaced.
    """
    validated = model.model_validate(config)
    planted = Planted(validated.model_dump(mode="json", by_alias=True, exclude_unset=True))
    for path in _places(model, planted.config):
        secret = f"zq7PlantedSecret{len(planted.secrets):04d}"
        tried = copy.deepcopy(planted.config)
        _put(tried, path, secret)
        if _is_secret_at(model, tried, path):
            planted.config = tried
            planted.secrets.append(secret)
            planted.paths.append(path)
    return planted


def found_in(text: str | bytes, secrets: list[str]) -> list[str]:
    """Those of ``secrets`` that ``text`` shows."""
    shown = text if isinstance(text, str) else text.decode("latin-1")
    return [secret for secret in secrets if secret in shown]


def open_secrets(model: type[BaseModel], seen: frozenset[type] = frozenset()) -> Iterator[str]:
    """Keys whose name says that they hold a secret, and whose type is plain text."""
    for name, info in model.model_fields.items():
        types = set(classes_in(info.annotation))
        if _NAMES_A_SECRET.search(name) and str in types and Secret not in types:
            yield info.alias or name
        for nested in _models(types) - seen:
            for key in open_secrets(nested, seen | {model, nested}):
                yield f"{info.alias or name}.{key}"


def _places(model: type[BaseModel], config: Mapping[str, Any]) -> list[Path]:
    """Where a secret is, or could be, from what is written to what is not."""
    given = list(_given(_validated(model, config), ()))
    possible = [path for path in _possible(model, config, ()) if path not in given]
    return given + possible


def _given(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, Secret):
        yield path
    elif isinstance(value, BaseModel):
        for name, info in type(value).model_fields.items():
            if name in value.model_fields_set:
                yield from _given(getattr(value, name), (*path, info.alias or name))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _given(item, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _given(item, (*path, index))


def _possible(model: type[BaseModel], config: Any, path: Path) -> Iterator[Path]:
    if len(path) >= _DEEPEST:
        return
    for name, info in model.model_fields.items():
        key = info.alias or name
        here = (*path, key)
        written = _written(config, key, name)
        types = set(classes_in(info.annotation))
        if Secret in types and list not in types and dict not in types:
            yield here
        elif dict in types or Mapping in types:
            yield (*here, _OPTION)
        for nested in sorted(_models(types), key=lambda cls: cls.__qualname__):
            items = enumerate(written) if isinstance(written, list) else [(None, written)]
            for index, item in items:
                where = here if index is None else (*here, index)
                yield from _possible(nested, item, where)


def _written(config: Any, key: str, name: str) -> Any:
    return config.get(key, config.get(name)) if isinstance(config, Mapping) else None


def _models(types: set[Any]) -> set[type[BaseModel]]:
    return {cls for cls in types if isinstance(cls, type) and issubclass(cls, BaseModel)}


def _put(config: Any, path: Path, value: str) -> None:
    for step in path[:-1]:
        if isinstance(config, dict) and config.get(step) is None:
            config[step] = {}
        config = config[step]
    config[path[-1]] = value


def _is_secret_at(model: type[BaseModel], config: Mapping[str, Any], path: Path) -> bool:
    validated = _validated(model, config)
    return validated is not None and path in set(_given(validated, ()))


def _validated(model: type[BaseModel], config: Mapping[str, Any]) -> BaseModel | None:
    try:
        return model.model_validate(config)
    except ValidationError:
        return None
