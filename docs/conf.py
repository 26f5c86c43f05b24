"""The docs site: Sphinx reads the Markdown of this folder, as GitHub does. `make docs-site` builds it, without the network."""

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

project = "Pseudo Multi-Labels"
copyright = "The Pseudo Multi-Labels maintainers"
extensions = ["myst_nb"]
exclude_patterns = ["config_introduction.md"]  # docs/generate.py puts it into config.md
myst_heading_anchors = 3  # links to titles, by GitHub's names for them
nb_execution_mode = "off"  # the notebook is shown as it was committed
highlight_language = "none"  # of indented blocks

html_theme = "furo"
html_title = project
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_search_summary = False  # it would fetch each page, which a browser refuses from disk
html_use_index = False


def setup(app: Sphinx) -> None:
    """Show blocks of CSV as they are: Pygments has no lexer for them."""
    app.add_lexer("csv", TextLexer)
