"""Names from outside reach a page as text, never as tags, and data as JSON that ends no script."""

import json
import re

import jinja2
import pytest

from spml.reporting import html, provenance

EVIL = '</script><script>alert(1)</script><img src=x onerror="alert(2)">'


def test_names_reach_the_provenance_page_escaped():
    record = {
        "written": "now",
        "dataset": "<script>alert(1)</script>",
        "inputs": [{"path": 'a"><img src=x onerror=alert(1)>.json', "sha256": "0"}],
        "config": {"<b>": ["<i>", "&amp;"], "none": None, "empty": {}, "no_list": [], "off": False},
    }
    page = provenance.page(record)
    assert "<script" not in page and "<img" not in page and "<b>" not in page and "<i>" not in page
    assert "&lt;script&gt;" in page and "&amp;amp;" in page and not re.search("https?:", page)
    cells = re.findall(r"<td>([^<]*)</td>", page)
    assert cells[cells.index("none") + 1] == "unknown" and cells[cells.index("empty") + 1] == "none"
    assert cells[cells.index("no_list") + 1] == "none" and cells[cells.index("off") + 1] == "False"


def test_data_of_the_gallery_end_no_script_and_come_back_as_they_were():
    data = {"categories": [EVIL, "a&b", "\u2028", "ü", "{{ title }}"], "known": [0, 0], "images": [], "variants": []}
    data |= {"part": "pool", "observed": [0, 1]}
    page = html.render("gallery.html", title=EVIL, data=data)
    assert "<script>alert" not in page and "<img src=x" not in page
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1]
    assert json.loads(text) == data and '"known":[0,0]' in text


@pytest.mark.parametrize("template", ["gallery.html", "predictions.html", "report.html", "provenance.html"])
def test_every_page_forbids_what_lies_elsewhere(template):
    values = {"verdict": [], "about": [], "sections": [], "links": [], "record": {"written": "now", "dataset": "d"}}
    shown = {"part": "train", "known": [1], "observed": [1], "images": ["a"], "variants": []}
    values |= {"data": shown, "unread": [("a", "b")]}
    page = html.render(template, title="t", **values)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
    assert policy.startswith("default-src 'none'; ") and "http" not in policy
    assert ("script-src" in policy) == (template in ("gallery.html", "predictions.html"))
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page) and "{{" not in page and "{%" not in page


def test_a_value_that_is_missing_is_an_error():
    with pytest.raises(jinja2.UndefinedError, match="title"):
        html.render("report.html", verdict=[], about=[], sections=[], links=[])


def test_markdown_shows_a_name_as_it_is():
    assert html.escape_markdown("a|b <c> *d*") == "a\\|b \\<c\\> \\*d\\*"
