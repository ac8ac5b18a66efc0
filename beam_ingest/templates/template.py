"""What a template is: a name, typed parameters, and the workflow that they fill in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from pydantic import ValidationError, model_validator

from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.errors import CannotStart

SEPARATOR = ";"
"""Between the items of a list: a comma would end a parameter of ``gcloud --parameters``."""

ParameterType = Literal["text", "number", "boolean", "choice", "list", "secret"]


class Parameters(ConfigModel):
    """The parameters of a template: a field each, camelCase outside, with a description.

    A list is given as one text, its items separated by semicolons.
    """

    @model_validator(mode="before")
    @classmethod
    def _split_lists(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        lists = {parameter.name for parameter in parameters_of(cls) if parameter.type == "list"}
        return {
            name: [item for part in value.split(SEPARATOR) if (item := part.strip())]
            if name in lists and isinstance(value, str)
            else value
            for name, value in given.items()
        }


P = TypeVar("P", bound=Parameters)


@dataclass(frozen=True, slots=True)
class Template(Generic[P]):
    """One packaged template.

    ``description`` is one paragraph; ``workflow`` gives the workflow, in which what is None or
    empty is left out; ``shown`` are optional parameters that the workflow file has a variable
    for, beside those that are required; ``streaming`` says that its source has no end.
    """

    name: str
    title: str
    description: str
    parameters: type[P]
    workflow: Callable[[P], dict[str, Any]]
    shown: tuple[str, ...] = ()
    streaming: bool = False

    def fill_in(self, given: Mapping[str, str]) -> dict[str, Any]:
        """The workflow for parameters as they are typed, by their names.

        Raises ``CannotStart`` that names every parameter that is missing, unknown or no good.
        """
        try:
            parameters = self.parameters.model_validate(dict(given))
        except ValidationError as error:
            problems = "; ".join(_problem(each, self.parameters) for each in error.errors())
            raise CannotStart(
                f"{self.name}: {problems}", hint="--help lists the parameters"
            ) from None
        return _pruned(self.workflow(parameters))

    def with_placeholders(self) -> dict[str, Any]:
        """The workflow with its defaults, and a variable for what has none; the first choice."""
        values = {
            parameter.attribute: parameter.placeholder
            for parameter in parameters_of(self.parameters)
            if parameter.required or parameter.attribute in self.shown
        }
        model: Any = self.parameters  # what is constructed of texts is no P to a type checker
        return _pruned(self.workflow(model.model_construct(**values)))


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter, as a reader, a flag and a launcher's form see it.

    ``pattern`` is a regular expression that the whole text matches, in what RE2 and Python share.
    """

    name: str
    attribute: str
    type: ParameterType
    help: str
    required: bool
    default: Any = None
    pattern: str | None = None
    choices: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The name in words: ``Host port``."""
        return self.attribute.replace("_", " ").capitalize()

    @property
    def placeholder(self) -> Any:
        """What stands for it in a workflow file: its variable, or the first of its choices."""
        text = next(iter(self.choices), f"${{{self.attribute.upper()}}}")
        return [text] if self.type == "list" else text

    @property
    def default_text(self) -> str | None:
        """The default as it would be typed; None where there is none."""
        if self.default is None or self.default == []:
            return None
        if isinstance(self.default, bool):
            return str(self.default).lower()
        return SEPARATOR.join(self.default) if isinstance(self.default, list) else str(self.default)


def parameters_of(model: type[Parameters]) -> list[Parameter]:
    """The parameters of a model: those that are required first, else in the order declared."""
    return sorted(_parameters(model), key=lambda parameter: not parameter.required)


def _parameters(model: type[Parameters]) -> Iterator[Parameter]:
    schema = model.model_json_schema(by_alias=True)
    for attribute, field in model.model_fields.items():
        name = field.alias or attribute
        described = schema["properties"][name]
        of = next(
            (each for each in described.get("anyOf", ()) if each["type"] != "null"), described
        )
        yield Parameter(
            name=name,
            attribute=attribute,
            type=_type(of),
            help=described["description"],
            required=field.is_required(),
            default=None if field.is_required() else field.get_default(call_default_factory=True),
            pattern=of.get("pattern"),
            choices=tuple(of.get("enum", ())),
        )


def _type(schema: Mapping[str, Any]) -> ParameterType:
    if "enum" in schema:
        return "choice"
    if schema.get("format") == "password":
        return "secret"
    known: dict[str, ParameterType] = {
        "integer": "number", "number": "number", "boolean": "boolean", "array": "list",
    }  # fmt: skip
    return known.get(schema["type"], "text")


def _pruned(value: dict[str, Any]) -> dict[str, Any]:
    """``value`` without what is None, or empty because all in it was."""
    items = {key: _pruned(each) if isinstance(each, dict) else each for key, each in value.items()}
    return {key: item for key, item in items.items() if not _nothing(item)}


def _nothing(value: Any) -> bool:
    return value is None or value in ([], {})


def _problem(error: Any, model: type[Parameters]) -> str:
    where = ".".join(str(part) for part in error["loc"][:1])
    if error["type"] == "missing":
        return f"--{where} is missing"
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "literal_error":
        field = next(each for each in parameters_of(model) if each.name == where)
        message = f"is one of {', '.join(field.choices)}"
    return f"--{where}: {message}" if where else message
