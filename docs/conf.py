"""The docs site: Sphinx reads the Markdown of this folder, as GitHub does. `make docs-site` builds it, without the network."""

import tomllib
from pathlib import Path
from typing import Any

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

PUBLIC = (  # modules of the API reference (docs/library.md)
    "spml.losses.own_loop",
    "spml.losses.catalog",
    "spml.losses.registry",
    "spml.losses.training_loss",
    "spml.evaluation.average_precision",
    "spml.evaluation.metrics",
    "spml.labels.observation",
    "spml.labels.pseudo_labels",
    "spml.labels.estimates",
    "spml.models.heads",
    "spml.artifacts.codes",
    "spml.registry",
    "spml.runtime.errors",
)

project = "Pseudo Multi-Labels"
release = tomllib.loads(Path(__file__).resolve().parent.parent.joinpath("pyproject.toml").read_text())["project"][
    "version"
]
copyright = "The Pseudo Multi-Labels maintainers"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "autoapi.extension"]
LIBRARY = Path(__file__).resolve().parent.parent / "workflow_scripts" / "spml"
MODULES = {".".join(path.relative_to(LIBRARY.parent).with_suffix("").parts): path for path in LIBRARY.rglob("*.py")}
autoapi_dirs = [str(LIBRARY)]  # read, never imported
autoapi_ignore = [str(path) for name, path in MODULES.items() if name not in PUBLIC and path.name != "__init__.py"]
suppress_warnings = ["autoapi.python_import_resolution"]  # of names that no public module defines
napoleon_use_ivar = True  # of named tuples, whose fields are described twice else
autoapi_generate_api_docs = False  # api.md says what is shown
exclude_patterns = ["config_introduction.md"]  # docs/generate.py puts it into config.md
myst_heading_anchors = 3  # links to titles, by GitHub's names for them
nb_execution_mode = "off"  # the notebook is shown as it was committed
highlight_language = "none"  # of indented blocks

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_search_summary = False  # it would fetch each page, which a browser refuses from disk
html_use_index = False
html_domain_indices = False


def skip_imported(app: Sphinx, what: str, name: str, entry: Any, skip: bool, options: object) -> bool | None:
    """Return True where the API reference leaves an entry out: what a module imports is described where it is defined."""
    return True if getattr(entry, "imported", False) else None


def setup(app: Sphinx) -> None:
    """Show blocks of CSV as they are: Pygments has no lexer for them."""
    app.add_lexer("csv", TextLexer)
    app.connect("autodoc-skip-member", skip_imported)
