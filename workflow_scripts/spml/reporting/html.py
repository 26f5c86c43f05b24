"""The templates of the pages and of the model card, rendered by jinja2.

Values reach a page escaped, and data of scripts as JSON in which no tag can begin or end. In Markdown, names go through
the filter ``escape_markdown``.
"""

from pathlib import Path

import jinja2
import markupsafe

TEMPLATES = Path(__file__).parent / "templates"
MARKDOWN_SIGNS = "\\`*_{}[]<>()#+-!|~&"


def render(template: str, **values: object) -> str:
    """Return a template of the folder ``templates`` filled with values; a name without a value is an error."""
    return _environment().get_template(template).render(values)


def escape_markdown(name: str) -> str:
    """Return a name so that Markdown shows it as it is."""
    return "".join(f"\\{sign}" if sign in MARKDOWN_SIGNS else sign for sign in name)


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES, encoding="utf-8"),
        autoescape=lambda name: name is None or not name.endswith(".md"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    environment.filters["escape_markdown"] = escape_markdown
    environment.globals["source"] = _source
    return environment


def _source(name: str) -> markupsafe.Markup:
    """Return a style sheet or script of the folder as it is, not as a template."""
    return markupsafe.Markup((TEMPLATES / name).read_text(encoding="utf-8"))
