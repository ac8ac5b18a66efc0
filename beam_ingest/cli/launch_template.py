"""The launcher of a template: its flags become a workflow, which is run.

``python main.py --serviceName=... --output=...``, as Dataflow's Flex launcher calls it too. What
is no parameter of the template is an option of Beam's: ``--runner``, ``--region``.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from beam_ingest.api.errors import CannotStart
from beam_ingest.cli.detached import tell
from beam_ingest.cli.ending import begin, end, leave_engine, report_option
from beam_ingest.cli.exit_codes import ExitCode
from beam_ingest.cli.verb import Verb
from beam_ingest.templates.catalog import find_template
from beam_ingest.templates.template import Parameter, Template, parameters_of


def launch(name: str, arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the launcher of the template ``name``; ends the process with an exit code of ``run``."""
    launcher(find_template(name)).main(list(arguments) if arguments is not None else None)


def launcher(template: Template[Any]) -> Verb:
    """The command line of one template."""
    parameters = parameters_of(template.parameters)

    @click.command(
        template.name,
        cls=Verb,
        help=template.description,
        epilog="Every other option is one of Beam's, such as --runner.",
        context_settings={
            "help_option_names": ["-h", "--help"],
            "ignore_unknown_options": True,
            "allow_extra_args": True,
        },
    )
    @report_option
    @click.pass_context
    def command(context: click.Context, /, report_file: str | None, **given: str | None) -> int:
        beam = _beam(template, context.args)
        values = {each.name: text for each in parameters if (text := given[each.attribute])}
        workflow = template.fill_in(values)
        workflow["beam"] = {**workflow.get("beam", {}), **beam}
        if any(beam["options"].get(name) for name in _DESCRIBED):
            return _submit(workflow)
        return _run(workflow, report_file)

    command.params[:0] = [_flag(each) for each in parameters]
    assert isinstance(command, Verb)  # noqa: S101 - by cls
    return command


_DESCRIBED = ("template_location", "output_executable_path")
"""Options of Beam's that make a description of the job, which somebody else starts."""


def _flag(parameter: Parameter) -> click.Option:
    return click.Option(
        [f"--{parameter.name}", parameter.attribute],
        metavar="|".join(parameter.choices) or parameter.type.upper(),
        help=parameter.help
        + (" Required." if parameter.required else "")
        + (f" Default: {parameter.default_text}." if parameter.default_text is not None else ""),
    )


def _beam(template: Template[Any], arguments: Sequence[str]) -> dict[str, Any]:
    """The keys of the ``beam:`` block that the flags which are no parameters come to."""
    from beam_ingest.runners.flags import options_of

    options, unknown, known = options_of(arguments)
    if unknown:
        names = [f"--{each.name}" for each in parameters_of(template.parameters)]
        near = difflib.get_close_matches(unknown[0], [*names, *known], n=1)
        raise CannotStart(
            f"{', '.join(unknown)}: neither a parameter of {template.name} nor an option of Beam's",
            hint=f"did you mean {near[0]}?" if near else "--help lists the parameters",
        )
    runner = options.pop("runner", None)
    return {"options": options, **({"runner": runner} if runner else {})}


def _run(workflow: dict[str, Any], report_file: str | None) -> int:
    from beam_ingest.report.progress import progress
    from beam_ingest.workflow import Workflow

    checked = Workflow.from_config(workflow)
    console = begin(checked)
    with progress(console) as listener:
        report = checked.run(listener=listener, handle_signals=True)
    code = end(report, checked, console, report_file=report_file, as_json=False)
    leave_engine(code)
    return code


def _submit(workflow: dict[str, Any]) -> int:
    """Hand the run over, as Dataflow's Flex launcher wants it: it starts the job itself."""
    from beam_ingest.workflow import Workflow

    checked = Workflow.from_config(workflow)
    begin(checked)
    tell(checked.submit())
    return ExitCode.SUCCESS
