"""A piece at a time: the same as json reads, whatever the text looks like and wherever the pieces end."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spml.data import json_lists

TEXT = st.text(st.sampled_from('ab"\\{}[]:,é\n'), max_size=6)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)
DOCUMENTS = st.dictionaries(TEXT, st.lists(VALUES, max_size=6) | VALUES, max_size=4) | VALUES


def read(text, size, without=()):
    before, json_lists.SIZE = json_lists.SIZE, size
    try:
        return json_lists.read(io.BytesIO(text if isinstance(text, bytes) else text.encode()), without, dict)
    finally:
        json_lists.SIZE = before


@settings(max_examples=400, deadline=None)
@given(DOCUMENTS, st.integers(1, 40), st.sampled_from([None, 1]), st.booleans())
def test_what_is_json_is_read_as_json_reads_it_or_left_to_it(document, size, indent, ascii):
    text = json.dumps(document, indent=indent, ensure_ascii=ascii)
    try:
        found = read(text, size)
    except ValueError as error:
        assert "twice" in str(error) or not isinstance(document, dict)  # objects in lists in lists are not counted
    else:
        assert repr(found) == repr(json.loads(text))


@settings(max_examples=400, deadline=None)
@given(DOCUMENTS, st.data())
def test_what_is_no_json_is_refused(document, data):
    text = json.dumps(document)
    where = data.draw(st.integers(0, len(text)))
    changed = text[:where] + data.draw(st.sampled_from(['"', "{", "}", "[", "]", ",", ":", "\\", "x", ""]))
    changed += text[where + data.draw(st.integers(0, 2)) :]
    try:
        wanted = json.loads(changed)
    except ValueError:
        with pytest.raises(ValueError):
            read(changed, data.draw(st.integers(1, 40)))
    else:
        try:
            found = read(changed, data.draw(st.integers(1, 40)))
        except ValueError:
            return  # a key twice, or a number that orjson does not take: json reads it
        assert found == wanted


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 1000])
def test_members_are_left_out_and_pieces_end_between_elements(size):
    entries = [{"id": n, "outline": [[n, 1.5]], "name": 'a"}, {"\\'} for n in range(20)]
    text = json.dumps({"info": {"outline": 1}, "images": [], "annotations": entries, "more": [1, [2], {"outline": 3}]})
    wanted = {
        "info": {"outline": 1},
        "images": [],
        "annotations": [{"id": n, "name": 'a"}, {"\\'} for n in range(20)],
        "more": [1, [2], {}],
    }
    assert read(text, size, ["outline"]) == wanted


@pytest.mark.parametrize("text", ['{"a": [{"b": 1, "b": 2}]}', '{"a": [{"b": {"c": 1, "c": ":"}}]}'])
def test_a_key_that_stands_twice_is_refused(text):
    with pytest.raises(ValueError, match="twice"):
        read(text, 1000)


def test_an_element_as_long_as_the_file_takes_time_in_proportion(tmp_path):
    text = json.dumps({"data": [list(range(300_000))]})
    assert read(text, 64) == {"data": [list(range(300_000))]}
    assert read(json.dumps({"data": ["\\" * 300_000]}), 64) == {"data": ["\\" * 300_000]}
