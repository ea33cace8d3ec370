"""docs/configuration.md, made from the schema, so that the two cannot come to differ.

`python -m exporter.config.reference` prints what stands in docs/configuration.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from exporter.config.checking import Section
from exporter.config.schema import Config
from exporter.config.values import TypeName

_HEAD = r"""# Configuration

<!-- Made by `python -m exporter.config.reference > docs/configuration.md`: change the schema, not this page. -->

No configuration file is needed: `configmgr-exporter run CHI=D:\SMS\Logs` reads the logs of one site server. A file is
for many sites, for names, for messages of your own. Name it with `--config.file`; `run`, `check` and `explain` take it:

```yaml
defaults:
  zone: Eastern Standard Time

sites:
  - site: CEN
    logs: \\cen01\SMS_CEN\Logs
  - site: CHI
    logs: \\chi01\SMS_CHI\Logs
    parent: CEN
    zone: Central Standard Time
```

`configmgr-exporter check --config.file FILE` tells all that is wrong with a file, each fault with its line and column.
A key that is not in this list is a fault, and so is a key that stands twice. A key without a value counts as left out.
"""

_TEXT = TypeName("text", "")


def render() -> str:
    """Return docs/configuration.md."""
    return f"{_HEAD}\n{tables(Config)}"


def tables(model: type[BaseModel]) -> str:
    """Return a table for each section of a schema, and what the types of its values are."""
    types: dict[str, str] = {}
    sections = "\n".join(_section(title, section, types) for title, section in _sections(model, ""))
    lines = [f"- **{name}**: {writing}." for name, writing in sorted(types.items()) if writing]
    return "\n".join([sections, "## Types of values\n", *lines, ""])


def _sections(model: type[BaseModel], path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    yield path, model
    for key, field in model.model_fields.items():
        below, in_list = _below(field)
        if below is not None:
            yield from _sections(below, f"{path}{key}[]." if in_list else f"{path}{key}.")


def _below(field: FieldInfo) -> tuple[type[BaseModel] | None, bool]:
    """Return the section that a key holds, and whether it holds a list of such."""
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind, _is_list(field.annotation)
    return None, False


def _is_list(annotation: Any) -> bool:  # noqa: ANN401  # a type of any kind
    return any(get_origin(kind) is tuple for kind in (annotation, *get_args(annotation)))


def _section(path: str, model: type[BaseModel], types: dict[str, str]) -> str:
    title = f"`{path.rstrip('.')}`" if path else "Top level"
    inherited = {key for base in model.__mro__[1:] if issubclass(base, Section) for key in base.model_fields}
    rows = [_row(key, field, types) for key, field in model.model_fields.items() if key not in inherited]
    words = "" if not path else f"{model.__doc__}\n\n"
    return (
        f"## {title}\n\n{words}| key | type | default | meaning |\n| --- | --- | --- | --- |\n" + "\n".join(rows) + "\n"
    )


def _row(key: str, field: FieldInfo, types: dict[str, str]) -> str:
    meaning = str(field.description)
    if field.examples:
        meaning += " For example " + " or ".join(f"`{example}`" for example in field.examples) + "."
    return f"| `{key}` | {_type(field, types)} | {_default(field)} | {_cell(meaning)} |"


def _type(field: FieldInfo, types: dict[str, str]) -> str:
    section, in_list = _below(field)
    if section is not None:
        return "list of mappings" if in_list else "mapping"
    names = _type_names(field.annotation, field.metadata)
    types.update((name.name, name.writing) for name in names)
    return ("list of " if _is_list(field.annotation) else "") + " to ".join(name.name for name in names)


def _type_names(annotation: Any, metadata: list[Any]) -> list[TypeName]:  # noqa: ANN401  # a type of any kind
    """Return the names of a type: one, or two for a mapping from one to the other."""
    named = [mark for mark in (*metadata, *getattr(annotation, "__metadata__", ())) if isinstance(mark, TypeName)]
    if named:
        return named
    if annotation is str:
        return [_TEXT]
    return [name for inner in get_args(annotation) for name in _type_names(inner, [])]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**needed**"
    default = field.get_default(call_default_factory=True)
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, BaseModel) or not default:
        return ""
    if isinstance(default, float):
        return f"`{default * 1000:g}ms`" if default < 1 else f"`{default:g}s`"
    return f"`{default}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(render())
