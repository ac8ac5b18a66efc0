"""The documentation of a template, generated from its declaration."""

from __future__ import annotations

from typing import Any

from beam_ingest.templates.template import Parameter, Template, parameters_of

_TYPES = {
    "text": "text", "number": "number", "boolean": "`true` or `false`", "secret": "secret",
    "list": "list, `;` between its items",
}  # fmt: skip


def readme(template: Template[Any]) -> str:
    """A page of Markdown."""
    rows = "\n".join(_row(each) for each in parameters_of(template.parameters))
    required = [each for each in parameters_of(template.parameters) if each.required]
    flags = " \\\n    ".join(f"--{each.name}=..." for each in required)
    more = f"~{'~'.join(f'{each.name}=...' for each in required)}"
    return f"""# {template.title}

{template.description}{" Runs without end." if template.streaming else ""}

| parameter | type | default | |
|---|---|---|---|
{rows}

On this machine, or with `--runner` and any other option of Beam's on a remote runner:

```
python main.py \\
    {flags}
```

On Dataflow, once the image and the template file are built (`cloudbuild.yaml`):

```
gcloud dataflow flex-template run NAME --region=REGION \\
    --template-file-gcs-location=gs://BUCKET/templates/{template.name}.json \\
    --parameters='^~^workDir=gs://BUCKET/runs{more}'
```

`workflow.yaml` is the same as a workflow file: variables stand for the parameters without a
default (`beam-ingest run -c workflow.yaml`).
"""


def _row(parameter: Parameter) -> str:
    kind = _TYPES.get(parameter.type) or ", ".join(f"`{choice}`" for choice in parameter.choices)
    default = f"`{parameter.default_text}`" if parameter.default_text is not None else ""
    default = "(required)" if parameter.required else default
    return f"| `{parameter.name}` | {kind} | {default} | {parameter.help} |"
