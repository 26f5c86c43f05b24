"""Random and mutated input: accepted and right, or one clear error; never a traceback, never a hang."""

import copy
import csv
import json
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import tiny
from plan import load
from plan.errors import ConfigError
from spml.artifacts import manifest, spreadsheet
from spml.data import coco, csv_table
from spml.labels import observation
from spml.runtime.errors import InputError

settings.register_profile(
    "parsers", deadline=10_000, max_examples=60, suppress_health_check=list(HealthCheck), derandomize=True
)
settings.load_profile("parsers")
TEXT = st.text(max_size=12)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-5, 2**70), st.floats(), TEXT)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=8,
)
ANNOTATIONS = tiny.coco_dataset(6, 0)


def places(value, path=()):
    """Every place in nested lists and dicts, as a path of keys."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


@st.composite
def mutated(draw, of):
    """A copy with one to three places replaced, removed or written twice."""
    value = copy.deepcopy(of)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(value))))
        if not path:
            value = draw(JSON)
            continue
        at = value
        for key in path[:-1]:
            at = at[key]
        action = draw(st.sampled_from(["replace", "replace", "remove", "double"]))
        if action == "replace":
            at[path[-1]] = draw(JSON)
        elif action == "remove":
            del at[path[-1]]
        elif isinstance(at, list):
            at.append(copy.deepcopy(at[path[-1]]))
        else:
            at[draw(TEXT)] = copy.deepcopy(at[path[-1]])
    return value


def one_error(error, *named):
    """A message of one line that says where."""
    text = str(error)
    assert text.strip() and "\n" not in text and all(name in text for name in named), text


def read_annotations(folder, text):
    path = folder / "annotations.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    try:
        return coco.load(path)
    except InputError as error:
        one_error(error, "annotations.json: ")
        return None


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("parsers")


@given(mutated(ANNOTATIONS))
@example(ANNOTATIONS | {"images": [{"id": 1, "file_name": "a\0.png"}], "annotations": []})
@example(ANNOTATIONS | {"images": [{"id": 1, "file_name": "\ud800.png"}], "annotations": []})
@example(ANNOTATIONS | {"categories": [{"id": 1, "name": "a\nb"}], "annotations": []})
def test_mutated_annotations_are_read_right_or_refused(folder, dataset):
    loaded = read_annotations(folder, json.dumps(dataset))
    if loaded is None:
        return
    images = coco.listed_images(loaded)
    label = coco.true_labels(loaded, [image for image, _ in images])[:]
    names = coco.category_names(loaded)
    column = {entry["id"]: number for number, entry in enumerate(dataset["categories"])}
    for row, (image, _) in enumerate(images):
        wanted = {column[a["category_id"]] for a in dataset["annotations"] if str(a["image_id"]) == image}
        assert set(np.flatnonzero(label[row])) == wanted
    assert len(names) == len(set(names))
    manifest.write(folder / "images.csv", [(image, name, name) for image, name in images])
    back = manifest.read(folder / "images.csv")
    assert list(zip(back.image_id, back.file_name, strict=True)) == images
    for weigh in observation.WEIGHTS.values():
        try:
            weights = coco.annotation_weights("annotations.json", loaded, [image for image, _ in images], weigh)
            assert weights.shape == label.shape
        except InputError as error:
            one_error(error, "annotations.json: ")


@given(st.one_of(st.binary(max_size=200), JSON.map(json.dumps), st.just("[" * 100_000)))
def test_whatever_is_no_annotation_file_is_refused(folder, content):
    assert read_annotations(folder, content) is None


@given(st.integers(1, len(json.dumps(ANNOTATIONS)) - 2))
def test_annotations_cut_anywhere_are_refused(folder, length):
    assert read_annotations(folder, json.dumps(ANNOTATIONS)[:length]) is None


IMAGES, FILES, CATEGORIES = ["7", "8", "-9"], ["a.png", "=b.png", "c,\n.png"], ["cat", "@dog", "-1"]
CELL = st.one_of(
    st.sampled_from([*IMAGES, *FILES, *CATEGORIES, "", "1", "-1", "image_id", "category", "observed"]), TEXT
)


def written(path, rows):
    """The path of a table with these cells, whatever they hold."""
    with open(path, "w", newline="", encoding="utf-8", errors="surrogatepass") as file:
        csv.writer(file).writerows(rows)
    return path


def observe(path):
    """The labels of a file, or None where it is refused."""
    try:
        return observation.from_rows(str(path), csv_table.read_rows(str(path), "columns"), IMAGES, FILES, CATEGORIES)
    except InputError as error:
        one_error(str(error).replace("\n", " "), str(path))
        return None


@given(st.lists(st.lists(CELL, max_size=4), max_size=5))
@example([["category"], ["cat", "7"]])
@example([["image_id", "image_id", "category"], ["7", "8", "cat"]])
@example([["image_id", "category", "observed"], ["7", "cat"]])
def test_random_tables_of_observed_labels_are_read_right_or_refused(folder, rows):
    found = observe(written(folder / "observed.csv", rows))
    if found is not None:
        assert found.shape == (3, 3) and set(np.unique(found)) <= {-1, 0, 1}
        assert 0 < (found != 0).sum() <= len(rows) - 1


@given(st.binary(max_size=200))
def test_whatever_is_no_table_is_refused(folder, content):
    (folder / "observed.csv").write_bytes(content)
    assert observe(folder / "observed.csv") is None


@given(
    st.lists(
        st.tuples(st.sampled_from(range(3)), st.sampled_from(range(3)), st.sampled_from([1, -1])),
        min_size=1,
        unique_by=lambda row: row[:2],
    ),
    st.booleans(),
    st.booleans(),
)
def test_right_tables_are_read_right(folder, entries, by_name, escape):
    """Names that look like formulas as they are, or escaped as in tables for people."""
    path, write = folder / "observed.csv", spreadsheet.escaped if escape else str
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file_name" if by_name else "image_id", "category", "observed"])
        names = FILES if by_name else IMAGES
        writer.writerows([write(names[row]), write(CATEGORIES[column]), value] for row, column, value in entries)
    wanted = np.zeros((3, 3), np.int8)
    for row, column, value in entries:
        wanted[row, column] = value
    assert (observe(path) == wanted).all()


LABELS = st.lists(st.sampled_from(CATEGORIES), max_size=3, unique=True)


def read_table(path, category=None):
    """The table of images in a file, or None where it is refused."""
    try:
        return csv_table.read(str(path), category)
    except InputError as error:
        one_error(str(error).replace("\n", " "), str(path))
        return None


@given(st.lists(st.lists(st.one_of(CELL, st.sampled_from(csv_table.COLUMNS), st.just("-")), max_size=5), max_size=5))
@example([["path", "observed"], ["a.png", "cat;dog; "], ["a.png", ""]])
@example([["path", "true"], ["a.png", "-"], ["b.png", "-;cat"]])
@example([["path", "observed", "path"], ["a.png", "cat", "b.png"]])
@example([["path", "observed"], ["../a.png", "cat"]])
def test_random_tables_of_images_are_read_right_or_refused(folder, rows):
    found = read_table(written(folder / "images.csv", rows))
    if found is not None:
        assert found.path == sorted(set(found.path)) and found.category == sorted(set(found.category))
        assert found.label.shape == (len(found.path), len(found.category))
        assert set(np.unique(found.label[:])) <= {-1, 0, 1}
        assert found.observed is not None or "true" in rows[0]


@given(st.binary(max_size=200))
def test_whatever_is_no_table_of_images_is_refused(folder, content):
    (folder / "images.csv").write_bytes(content)
    assert read_table(folder / "images.csv") is None


@given(st.lists(st.tuples(LABELS, LABELS, st.one_of(st.none(), LABELS)), min_size=1, max_size=4), st.booleans())
def test_right_tables_of_images_are_read_right(folder, images, escape):
    path, write = folder / "images.csv", spreadsheet.escaped if escape else str
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "observed", "absent", "true"])
        for number, (present, absent, true) in enumerate(images):
            absent = [name for name in absent if name not in present]
            truth = [] if true is None else true or ["-"]
            writer.writerow([f"{number}.png", *(";".join(map(write, names)) for names in (present, absent, truth))])
    found = read_table(path, CATEGORIES)
    for row, (present, absent, true) in enumerate(images):
        assert {CATEGORIES[c] for c in np.flatnonzero(found.observed[:][row] == 1)} == set(present)
        assert {CATEGORIES[c] for c in np.flatnonzero(found.observed[:][row] == -1)} == set(absent) - set(present)
        wanted = [-1] * 3 if true is None else [int(name in true) for name in CATEGORIES]
        assert found.label[:][row].tolist() == wanted


@given(st.one_of(TEXT, st.text("'=+-@\t 1e.", max_size=6)))
def test_a_cell_comes_back_and_is_no_formula(text):
    shown = spreadsheet.escaped(text)
    assert spreadsheet.restored(shown) == text
    if shown.lstrip().startswith(spreadsheet.FORMULA):
        assert math.isfinite(float(shown)) or shown.strip("+- ").lower() in ("inf", "infinity", "nan"), shown


@pytest.mark.parametrize("name", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", " =x", "\t=x", "＝x", '=HYPERLINK("http://x")'])
def test_names_that_are_formulas_begin_with_an_apostrophe(name):
    assert spreadsheet.escaped(name) == f"'{name}"


@pytest.mark.parametrize("name", ["-1", "+3.5", "-1e-3", "cat", "'quoted'", "a=b", ""])
def test_other_text_stays_as_it_is(name):
    assert spreadsheet.escaped(name) == name


def config_errors(config):
    """The lines of the error that a config gives; none where it is accepted."""
    try:
        load.experiments(config)
    except ConfigError as stopped:
        assert stopped.lines and all(": " in line and "\n" not in line for line in stopped.lines), stopped.lines
        return stopped.lines
    return []


@given(mutated(tiny.CONFIG))
@settings(max_examples=40)
def test_a_mutated_config_is_accepted_or_each_mistake_is_a_line(config):
    config_errors(config if isinstance(config, dict) else {"dataset": config})


@given(st.dictionaries(st.sampled_from(list(tiny.CONFIG)), JSON, max_size=4))
@settings(max_examples=25)
def test_random_values_in_a_config_are_accepted_or_each_mistake_is_a_line(values):
    config_errors(tiny.CONFIG | values)
