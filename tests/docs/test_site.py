"""The docs site: every link leads to a page and to a title there, and no page asks for anything from outside."""

import re
import shutil
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

import docs_site
import tiny

pytestmark = pytest.mark.xdist_group("docs")


class Page(HTMLParser):
    """The links of a page, what it loads, and its anchors."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loaded, self.anchors = [], [], set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.anchors |= {attributes[name] for name in ("id", "name") if attributes.get(name)}
        if tag == "a" and "href" in attributes:
            self.links.append(attributes["href"])
        self.loaded += [attributes[name] for name in ("src", "srcset", "poster") if name in attributes]
        if tag == "link":
            self.loaded.append(attributes["href"])


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(path) for path in site.glob("*.html")}


def test_every_page_is_there(site):
    names = {path.stem for end in ("md", "ipynb") for path in (tiny.ROOT / "docs").glob(f"*.{end}")}
    assert {path.stem for path in site.glob("*.html")} == names - {"config_introduction"} | {"search"}


def test_the_reference_describes_every_public_module_and_no_import(site):
    page = Page(site / "api.html")
    described = {name for name in page.anchors if name.startswith("spml.")}
    for module in docs_site.public_modules():
        assert f"module-{module}" in page.anchors and any(name.startswith(f"{module}.") for name in described), module
    assert "spml.losses.own_loop.LoopLoss.start_epoch" in described
    assert not described & {f"spml.losses.own_loop.{name}" for name in ("Maps", "Loss", "LOSSES", "InputError")}


def test_every_link_leads_to_a_page_and_a_title(pages):
    inside = 0
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if not parts.scheme:
                target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
                assert target.exists(), f"{path.name}: {link}"
                if parts.fragment:
                    assert unquote(parts.fragment) in pages[target].anchors, f"{path.name}: {link}"
                    inside += 1
    assert inside > 200


def test_nothing_is_loaded_from_outside(site, pages):
    for path, page in pages.items():
        assert page.loaded
        for name in page.loaded:
            assert not urlsplit(name).netloc and (path.parent / urlsplit(name).path).exists(), f"{path.name}: {name}"
    styles = list(site.rglob("*.css"))
    assert styles
    for path in styles:
        for name in re.findall(r"url\(['\"]?([^)'\"]+)|@import ['\"]([^'\"]+)", path.read_text()):
            assert not urlsplit("".join(name)).netloc, f"{path.name}: {name}"


def test_a_link_that_leads_nowhere_ends_the_build(tmp_path):
    (tmp_path / "docs").mkdir()
    for name in ("conf.py", "site.css"):
        shutil.copy(tiny.ROOT / "docs" / name, tmp_path / "docs")
    for name in ("pyproject.toml", "workflow_scripts"):  # what conf.py reads
        (tmp_path / name).symlink_to(tiny.ROOT / name)
    (tmp_path / "docs/index.md").write_text("# Title\n\n```{toctree}\nconfig\n```\n")
    (tmp_path / "docs/config.md").write_text("# Config\n\n[up](index.md#title)\n")
    assert docs_site.build(tmp_path / "site", tmp_path / "docs")[0] == 0
    links = ["[page](nowhere.md)", "[title](index.md#no-such-title)", "[own](#no-such-title)", "![picture](none.svg)"]
    (tmp_path / "docs/config.md").write_text("# Config\n\n" + "\n\n".join(links))
    code, text = docs_site.build(tmp_path / "site", tmp_path / "docs")
    assert code != 0 and all(f"config.md:{line}: WARNING" in text for line in (3, 5, 7, 9)), text
