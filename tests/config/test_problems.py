"""What a user is told of a workflow that is wrong: everything, where, and what to do."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from beam_ingest.api import registry
from beam_ingest.api.errors import IngestError
from beam_ingest.config.load import ConfigError, Problem, load
from tests.config.conftest import Problems

FIVE = """\
source:
  type: sqlit
  serviceName: shop
processors:
  - type: filter
    confg: {}
sink:
  type: tests.config.parts.Out
  config:
    path: ${NO_SUCH_FOLDER}/x
workflowConfig:
  successThreshold: high
beam:
  workers: 0
"""


def test_five_mistakes_are_all_named_with_their_lines(problems: Problems) -> None:
    found = [(problem.line, problem.path) for problem in problems(FIVE)]
    assert found == [
        (2, "source.type"),
        (6, "processors.0.confg"),
        (10, "sink.config.path"),
        (12, "workflowConfig.successThreshold"),
        (14, "beam.workers"),
    ]


def test_the_text_of_the_error_is_one_block_a_problem(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = registry._entries
    few = {"sqlite", "filter"}  # what is near must not depend on what else is installed
    monkeypatch.setattr(
        registry,
        "_entries",
        lambda kind: {name: entry for name, entry in entries(kind).items() if name in few},
    )
    file.write_text(FIVE)
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert isinstance(caught.value, IngestError)
    assert (
        str(caught.value)
        == f"""\
{file}:2:3: source.type: there is no source 'sqlit'
    did you mean 'sqlite'?
{file}:6:5: processors.0.confg: unknown key 'confg'
    did you mean 'config'?
{file}:10:5: sink.config.path: the environment variable NO_SUCH_FOLDER is not set
    set it before the run; a text with a $ of its own can come from another variable
{file}:12:3: workflowConfig.successThreshold: expected a number, got text
{file}:14:3: beam.workers: expected 1 or more"""
    )


def test_the_error_can_be_sent_to_another_process(file: Path) -> None:
    error = ConfigError([Problem("bad", "a.b", "w.yaml", 3, 4, "mend it")])
    copy = pickle.loads(pickle.dumps(error))
    assert copy.problems == error.problems
    assert str(copy) == "w.yaml:3:4: a.b: bad\n    mend it"


DB = """\
source:
  type: tests.config.parts.Db
  serviceName: shop
  serviceConnection:
    config:
      {config}
  sourceConfig:
    config:
      {read}
sink:
  type: tests.config.parts.Out
  config: {{{sink}}}
processors:
  - type: tests.config.parts.Step
    config: {{{step}}}
"""


def workflow(
    config: str = "type: Db", read: str = "threads: 1", sink: str = "", step: str = ""
) -> str:
    return DB.format(config=config, read=read, sink=sink, step=step)


def only(found: list[Problem]) -> tuple[str, str, str | None]:
    (problem,) = found
    return problem.path.removeprefix("source.serviceConnection."), problem.message, problem.hint


def test_a_typo_in_a_key_names_the_nearest_one(problems: Problems) -> None:
    assert only(problems(workflow("hostport: x"))) == (
        "config.hostport", "unknown key 'hostport'", "did you mean 'hostPort'?",
    )  # fmt: skip


def test_a_typo_of_a_key_that_is_needed_is_told_of_once(problems: Problems) -> None:
    text = "source: {type: tests.config.parts.Lines, config: {pathh: x}}\n" + SINK
    assert only(problems(text))[1:] == ("unknown key 'pathh'", "did you mean 'path'?")


def test_a_key_that_resembles_no_other_gets_a_list_of_them(problems: Problems) -> None:
    path, message, hint = only(problems(workflow(step="zzz: 1")))
    assert (path, message) == ("processors.0.config.zzz", "unknown key 'zzz'")
    assert hint == "the keys here are: limit, names, pattern"


def test_keys_that_are_one_level_too_high_are_sent_down(problems: Problems) -> None:
    text = "source: {type: tests.config.parts.Db, serviceName: x, serviceConnection: {port: 1}}\n"
    assert only(problems(text + SINK))[1:] == ("unknown key 'port'", "it belongs below 'config'")


def test_a_component_without_keys_says_so(problems: Problems) -> None:
    text = SOURCE + SINK + "processors: [{type: tests.config.parts.upper, config: {a: 1}}]\n"
    assert only(problems(text))[2] == "there are no keys here"


SOURCE = "source: {type: tests.config.parts.Lines, config: {path: x}}\n"
SINK = "sink: {type: tests.config.parts.Out}\n"


def test_a_missing_key_comes_with_what_it_is_for(problems: Problems) -> None:
    text = "source:\n  type: tests.config.parts.Lines\n" + SINK
    (problem,) = problems(text)
    assert (problem.path, problem.line) == ("source.serviceConnection.config.path", 1)
    assert (problem.message, problem.hint) == ("the key 'path' is missing", "The file to read.")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("port: many", "expected a whole number, got text"),
        ("port: 1.5", "expected a whole number"),
        ("port: 99999", "expected 65535 or less"),
        ("port: [1]", "expected a whole number, got a list"),
        ("hostPort: {a: b}", "expected text, got a mapping"),
        ("verify: perhaps", "expected true or false, got text"),
        ("connectionOptions: 5", "expected a mapping of keys to values, got a number"),
        ("type: Dbb", "expected 'Db'"),
    ],
)
def test_a_wrong_value_says_what_was_expected(
    problems: Problems, config: str, message: str
) -> None:
    assert only(problems(workflow(config)))[1] == message


def test_text_that_looks_like_a_number_is_asked_into_quotes(problems: Problems) -> None:
    assert only(problems(workflow("hostPort: 5432"))) == (
        "config.hostPort", "expected text, got a number", "put the value into quotes",
    )  # fmt: skip


def test_an_item_of_a_list_is_named_by_its_number(problems: Problems) -> None:
    (problem,) = problems(workflow(step="names: [a, 2]"))
    assert problem.path == "processors.0.config.names.1"


def test_a_union_names_all_that_fits(problems: Problems) -> None:
    assert only(problems(workflow(step="limit: [1]")))[1] == (
        "expected a whole number or text, got a list"
    )


def test_a_union_of_mappings_is_checked_as_the_one_that_was_meant(problems: Problems) -> None:
    assert only(problems(workflow("authType: {clientSecret: x, tokenURL: y}"))) == (
        "config.authType.tokenURL", "unknown key 'tokenURL'", "did you mean 'tokenUrl'?",
    )  # fmt: skip


def test_keys_of_two_branches_of_a_union_do_not_go_together(problems: Problems) -> None:
    path, message, _ = only(problems(workflow("authType: {password: x, tokenUrl: y}")))
    assert path == "config.authType.tokenUrl"
    assert message == "the key 'tokenUrl' does not go together with the keys beside it"


def test_a_mapping_is_not_called_by_the_names_of_our_classes(problems: Problems) -> None:
    assert only(problems(workflow("authType: geheim")))[1] == (
        "expected a mapping of keys to values, got text"
    )


def test_the_wrong_type_of_what_to_read_hides_what_follows_from_it(problems: Problems) -> None:
    found = problems(workflow(read="{type: Profiler, profileSample: 5}"))
    assert [(problem.path, problem.message) for problem in found] == [
        ("source.sourceConfig.config.type", "expected 'DatabaseMetadata'")
    ]


def test_a_pattern_that_is_no_regular_expression_is_named(problems: Problems) -> None:
    found = problems(workflow(read="tableFilterPattern: {includes: ['*.orders']}"))
    path, message, _ = only(found)
    assert path == "source.sourceConfig.config.tableFilterPattern.includes"
    assert "'*.orders' is not a regular expression" in message


def test_a_section_that_is_wrong_does_not_hide_what_is_in_it(problems: Problems) -> None:
    text = workflow("hostport: x").replace("serviceName", "servicName")
    paths = [problem.path for problem in problems(text)]
    assert paths == ["source.servicName", "source.serviceConnection.config.hostport"]


def test_a_refused_key_is_named_beside_other_mistakes(problems: Problems) -> None:
    found = problems(workflow("{sslConfig: {a: 1}, prt: 1}"))
    assert sorted(problem.message.partition(":")[0] for problem in found) == [
        "this cannot be done here", "unknown key 'prt'",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["processor", "sink", "stage", "bulkSink"])
def test_an_unknown_type_is_answered_with_what_there_is(problems: Problems, kind: str) -> None:
    (problem,) = (
        problem
        for problem in problems(f"{SOURCE}{kind}: {{type: nonsense}}\n")
        if problem.path == f"{kind}.type"
    )
    assert "'nonsense'" in problem.message
    assert problem.hint is not None


@pytest.mark.parametrize(
    ("type_", "words"),
    [
        ("no_such_module.Sink", "there is no module 'no_such_module'"),
        ("tests.config.parts.Outt", "has no 'Outt'"),
        ("tests.config.parts.Step", "not a subclass of Sink"),
        ("tests.config.parts.NoModel", "no configuration model"),
        (".x", "cannot be imported"),
    ],
)
def test_a_dotted_path_that_leads_nowhere_says_why(
    problems: Problems, type_: str, words: str
) -> None:
    (problem,) = problems(f"{SOURCE}sink: {{type: {type_}}}\n")
    assert problem.path == "sink.type"
    assert words in problem.message


def test_a_connection_written_twice_is_a_problem(problems: Problems) -> None:
    text = (
        "source:\n  type: tests.config.parts.Lines\n  config: {path: x}\n"
        "  serviceConnection: {config: {path: y}}\n" + SINK
    )
    (problem,) = problems(text)
    assert (problem.line, problem.path) == (3, "source.config")
    assert "written twice" in problem.message


def test_a_key_written_twice_is_a_problem_beside_the_others(problems: Problems) -> None:
    found = problems(SOURCE + SINK + "beam:\n  workers: 1\n  workers: 0\n  wokers: 2\n")
    assert [(problem.line, problem.message) for problem in found] == [
        (5, "the key 'workers' is written twice"),
        (6, "unknown key 'wokers'"),
    ]


def test_a_validator_that_breaks_is_no_traceback(problems: Problems) -> None:
    (problem,) = problems(
        SOURCE + "sink: {type: tests.config.parts.Tactless, config: {key: abcdef}}\n"
    )
    assert problem.path == "sink.config"
    assert problem.message == "Tactless.Config cannot check it: KeyError"


def test_a_url_without_a_scheme_is_named(problems: Problems) -> None:
    server = "workflowConfig: {openMetadataServerConfig: {hostPort: 'localhost:8585/api'}}\n"
    (problem,) = problems(SOURCE + SINK + server)
    assert problem.path == "workflowConfig.openMetadataServerConfig.hostPort"
    assert "http://localhost:8585/api" in problem.message


def test_a_pipeline_run_id_is_a_uuid(problems: Problems) -> None:
    (problem,) = problems(SOURCE + SINK + "pipelineRunId: tonight\n")
    assert problem.path == "pipelineRunId"


def test_a_service_name_holds_no_double_colon(problems: Problems) -> None:
    (problem,) = problems(SOURCE.replace("config:", "serviceName: 'a::b', config:") + SINK)
    assert problem.path == "source.serviceName"
