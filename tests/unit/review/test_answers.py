"""Answers of people: read from the files of several tools, checked and merged."""

import itertools
import json
import re

import pytest

from spml.artifacts.spreadsheet import escaped
from spml.review import answer_files, answers
from spml.runtime.errors import InputError

IMAGES, FILES, CATEGORIES = ["1", "2", "3"], ["a/1.jpg", "2.jpg", "=3.jpg"], ["cat", "dog", "-x"]


def merged(*files):
    given = [answer for path in files for answer in answer_files.read(str(path))]
    checked = answers.check(given, IMAGES, FILES, CATEGORIES)
    checked.require_known()
    return answers.merge(checked.known)


def verdicts(*files):
    return {tuple(question): entry.verdict for question, entry in merged(*files).items()}


@pytest.fixture
def table(tmp_path):
    def write(text, name="answers.csv"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


def test_a_table_names_images_by_id_or_file_name_and_answers_in_words_or_numbers(table):
    path = table(
        "image_id,file_name,category,answer,who,when\n"
        "1,,cat,yes,ann,2026-01-01T00:00:00Z\n,2.jpg,dog,-1,,\n2,,cat,Present,,\n3,,dog,skip,,\n3,,cat,,,\n,'=3.jpg,'-x,0,,\n"
    )
    assert verdicts(path) == {("1", "cat"): "yes", ("2", "dog"): "no", ("2", "cat"): "yes", ("3", "-x"): "no"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "image_id,category\n1,cat\n",
            "found columns image_id, category, wanted image_id or file_name, category, answer",
        ),
        ("image_id,category,answer\n1,cat,maybe\n", "line 2, answer: found 'maybe', wanted yes, no or skip"),
        (
            "image_id,category,answer\n1,cat,yes\n9,cat,yes\n",
            "line 3: found image '9', wanted an image_id or file_name of the 3",
        ),
        ("image_id,category,answer\n1,cow,yes\n", "line 2: found category 'cow', wanted one of cat, dog, -x"),
        (
            "image_id,category,answer,who\n1,cat,yes,ann\n1,cat,no,ann\n",
            "line 3: ann says no to 'cat' of 1, and yes in",
        ),
        ("", "found nothing, wanted a CSV file with image_id or file_name, category, answer"),
        ("\n", "found nothing, wanted a CSV file with image_id or file_name, category, answer"),
        ("1,cat,yes\n", "found columns 1, cat, yes, wanted image_id or file_name, category, answer"),
        ("image_id,category,answer,who\n1,cat\n", "line 2: found 2 of 4 cells, wanted one for answer, too"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_line(table, text, told):
    path = table(text)
    with pytest.raises(InputError) as error:
        merged(path)
    assert told in str(error.value) and str(path) in str(error.value)


@pytest.mark.parametrize("name", ["a/1.jpg", "1.jpg", "train/a/1.jpg", "./a/1.jpg", ""])
def test_an_id_may_have_the_name_of_its_file_with_more_or_fewer_folders(table, name):
    assert verdicts(table(f"image_id,file_name,category,answer\n1,{name},cat,yes\n")) == {("1", "cat"): "yes"}


@pytest.mark.parametrize(("name", "other"), [("2.jpg", " (of '2')"), ("'=3.jpg", " (of '3')"), ("b/1.jpg", "")])
def test_an_id_and_a_file_name_of_different_pictures_are_refused(table, name, other):
    path = table(f"image_id,file_name,category,answer\n3,=3.jpg,cat,no\n1,{name},cat,yes\n")
    with pytest.raises(InputError) as error:
        merged(path)
    told = (
        f"line 3: found image_id '1', whose file is 'a/1.jpg', with file_name {name!r}{other}; wanted both of the same"
    )
    assert told in str(error.value) and str(path) in str(error.value)


def test_a_name_without_folders_is_no_other_picture_s(table):
    path = table("image_id,file_name,category,answer\n1,1.jpg,cat,yes\n")
    with pytest.raises(InputError, match=r"whose file is 'a/1.jpg', with file_name '1.jpg' \(of '2'\)"):
        answers.check(answer_files.read(str(path)), ["1", "2"], ["a/1.jpg", "1.jpg"], CATEGORIES)


@pytest.mark.parametrize("name", [" 1.jpg", "'=1.jpg", "=1.jpg", "1.jpg "])
def test_a_file_name_may_look_odd(table, name):
    path = table(f"image_id,file_name,category,answer\n1,{escaped(name)},cat,yes\n1,{name},dog,yes\n")
    checked = answers.check(answer_files.read(str(path)), ["1"], [name], CATEGORIES)
    assert len(checked.known) == 2


def test_a_picture_of_the_pool_may_have_the_file_name_of_a_training_image(table):
    path = table("image_id,file_name,category,answer\npool:1.png,1.png,cat,yes\n")
    names = ["1.png", "pool:1.png"]
    checked = answers.check(answer_files.read(str(path)), names, names, CATEGORIES)
    assert [question.image_id for question, _ in checked.known] == ["pool:1.png"]


def test_a_table_with_a_header_alone_has_no_answers(table):
    assert merged(table("image_id,category,answer\n")) == {}


def test_answers_about_the_pool_are_told_from_those_about_the_training_part(table):
    path = str(table("image_id,category,answer\n1,cat,yes\npool:1.png,cat,no\npool:9.png,dog,no\n"))
    assert [answer.image for answer in answers.of_part(answer_files.read(path), "train")] == ["1"]
    checked = answers.check(
        answers.of_part(answer_files.read(path), "pool"), ["pool:1.png"], ["1.png"], CATEGORIES, part="pool"
    )
    assert [question.image_id for question, _ in checked.known] == ["pool:1.png"]
    assert "found image 'pool:9.png', wanted an image_id or file_name of the 1 images of the pool" in checked.unknown[0]


def test_all_answers_about_what_is_not_there_are_told_and_may_be_left_out(table):
    rows = [f"9{number},cat,yes" for number in range(6)] + ["1,cow,no", "1,dgo,no", "1,dog,no"]
    path = table("image_id,category,answer\n" + "\n".join(rows) + "\n")
    with pytest.raises(InputError) as error:
        merged(path)
    told = str(error.value)
    assert told.startswith("8 answers are about what is not there: ") and "; and 3 more; " in told
    assert "line 2: found image '90'" in told and "review: {unknown_answers: leave_out}" in told
    checked = answers.check(answer_files.read(str(path)), IMAGES, FILES, CATEGORIES)
    assert [tuple(question) for question, _ in checked.known] == [("1", "dog")]
    assert "did you mean dog?" in checked.unknown[-1]


def test_the_last_answer_of_a_person_counts_and_most_people_decide(table):
    head = "image_id,category,answer,who,when\n"
    ann = table(head + "1,cat,yes,ann,2026-01-01\n1,cat,no,ann,2026-01-02\n2,cat,yes,ann,2026-01-01\n", "ann.csv")
    bob = table(head + "1,cat,yes,bob,2026-01-05\n2,cat,yes,bob,2026-01-05\n", "bob.csv")
    eve = table(head + "1,cat,no,eve,2025-01-01\n", "eve.csv")
    assert verdicts(ann) == {("1", "cat"): "no", ("2", "cat"): "yes"}
    assert verdicts(ann, bob) == {("1", "cat"): "undecided", ("2", "cat"): "yes"}
    assert verdicts(eve, bob, ann) == {("1", "cat"): "no", ("2", "cat"): "yes"}  # the order of files does not matter
    assert verdicts(bob, bob) == verdicts(bob)  # a file that is there twice
    rows = list(answers.rows(merged(ann, bob), dict(zip(IMAGES, FILES, strict=True))))
    assert rows[0] == answers.COLUMNS
    assert ["1", "a/1.jpg", "cat", "no", "ann", "2026-01-02", "undecided", str(ann), "line 3"] in rows


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("2026-01-01T09:59:00Z", "2026-01-01 10:00"),  # UTC without a zone
        ("2026-01-01T12:00:00+05:00", "2026-01-01T11:00:00Z"),
        ("2026-01-01T11:30:00Z", "2026-01-01T10:00:00-05:00"),
        ("2021-03-09T21:52:49Z", "2021-03-09T21:52:49.513742Z"),
        ("2026-11-30", "2026-11-30T00:00:01"),
        ("", "2026-11-30"),
    ],
)
def test_the_last_answer_is_that_of_the_latest_time_in_every_order(table, earlier, later):
    lines = [f"1,cat,yes,ann,{earlier}\n", f"1,cat,no,ann,{later}\n"]
    for number, order in enumerate((lines, lines[::-1])):
        path = table("image_id,category,answer,who,when\n" + "".join(order), f"{number}.csv")
        assert verdicts(path) == {("1", "cat"): "no"}


@pytest.mark.parametrize("when", ["9:59", "30.11.2026", "11/30/2026", "2026-13-01", "yesterday"])
def test_a_time_in_another_form_is_refused(table, when):
    path = table(f"image_id,category,answer,when\n1,cat,yes,{when}\n")
    with pytest.raises(InputError) as error:
        merged(path)
    told = f"{path}: line 2, when: found '{when}', wanted a time of ISO 8601, such as 2026-01-31T09:30:00Z"
    assert told in str(error.value)


def test_only_a_tie_of_the_latest_answers_contradicts_whatever_the_order(table):
    head = "image_id,category,answer,when\n"
    settled, tied = (
        ("yes,2026-01-01", "no,2026-01-01", "no,2026-01-02"),
        ("yes,2026-01-02", "no,2026-01-02", "no,2026-01-01"),
    )
    for order in itertools.permutations(settled):
        assert verdicts(table(head + "".join(f"1,cat,{row}\n" for row in order))) == {("1", "cat"): "no"}
    for order in itertools.permutations(tied):
        with pytest.raises(InputError, match=r"to 'cat' of 1, and .*; wanted one answer, or times in the column when"):
            merged(table(head + "".join(f"1,cat,{row}\n" for row in order)))


def test_tasks_of_label_studio_say_what_was_chosen_and_what_was_taken_away(table):
    def task(image, chosen, **more):
        result = [{"type": "choices", "value": {"choices": chosen}}] if chosen else []
        note = {"result": result, "completed_by": {"email": "ann@example.org"}, "updated_at": "2026-01-01T00:00:00Z"}
        return {"id": 7, "data": {"image_id": image, "suggested": ["cat", "dog"]}, "annotations": [note | more]}

    tasks = [task("1", ["cat", "-x"]), task("2", []), task("3", ["dog"], was_cancelled=True)]
    path = table(json.dumps(tasks), "export.json")
    found = merged(path)
    assert {tuple(question): entry.verdict for question, entry in found.items()} == {
        **{("1", "cat"): "yes", ("1", "-x"): "yes", ("1", "dog"): "no"},
        **{("2", "cat"): "no", ("2", "dog"): "no"},
    }
    (answer,) = found[answers.Question("1", "dog")].answers
    assert (answer.who, answer.when, answer.position) == ("ann@example.org", "2026-01-01T00:00:00Z", "task 7")


def test_labels_of_fiftyone_say_what_is_there_and_what_was_deleted_where_a_person_changed_something(table):
    about = {"attributes": {"image_id": "2", "suggested": ["cat", "dog"]}}
    added = {"label": "-x", "attributes": {"image_id": None, "suggested": None}}
    untouched = {"label": "cat", "attributes": {"image_id": "1", "suggested": ["cat"]}}
    labels = {"some%2Fkey": [added, {"label": "cat"} | about], "3": [{"label": "-x"}], "1": [untouched], "other": None}
    path = table(json.dumps({"classes": CATEGORIES, "labels": labels}), "labels.json")
    decided = {("2", "cat"): "yes", ("2", "dog"): "no", ("2", "-x"): "yes", ("3", "-x"): "yes"}
    assert verdicts(path) == decided


@pytest.mark.parametrize("text", ['{"images": []}', "3", "{"])
def test_another_file_is_refused_with_the_formats_that_are_wanted(table, text):
    with pytest.raises(
        InputError, match=r"wanted a CSV file .*; or a JSON export of Label Studio .*; or labels.json of FiftyOne"
    ):
        merged(table(text, "other.json"))


def task(**changes):
    """A task of Label Studio, as JSON."""
    note = {"result": [{"value": {"choices": ["cat"]}}]}
    return json.dumps([{"id": 7, "data": {"image_id": "1"}, "annotations": [note]} | changes])


def labels(entry, classes=CATEGORIES):
    """Labels of one image of FiftyOne, as JSON."""
    return json.dumps({"classes": classes, "labels": {"1": entry}})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[" * 100_000, "not a readable JSON file"),
        (task(annotations=None), "task 7, annotations: found nothing, wanted a list"),
        (task(annotations=["x"]), 'task 7, annotations, entry 1: found "x", wanted an object'),
        (task(data=None), "task 7, data: found nothing, wanted an object"),
        (task(data=[]), "task 7, data: found a list, wanted an object"),
        (task(data={"image_id": "1", "suggested": None}), "task 7, suggested: found nothing, wanted a list"),
        (task(data={"image_id": "1", "suggested": "cat"}), 'task 7, suggested: found "cat", wanted a list'),
        (task(annotations=[{"result": None}]), "task 7, result: found nothing, wanted a list"),
        (task(annotations=[{"result": [{"value": 3}]}]), "task 7, value: found 3, wanted an object"),
        (
            task(annotations=[{"result": [{"value": {"choices": ["cat", 3]}}]}]),
            "task 7, choices, entry 2: found 3, wanted a text",
        ),
        (
            task(annotations=[{"result": [{"value": {"choices": "cat"}}]}]),
            'task 7, choices: found "cat", wanted a list',
        ),
        (
            task(annotations=[{"result": [{"value": {"choices": ["cat"]}}], "updated_at": 12}]),
            "task 7, when: found '12', wanted a time",
        ),
        ('{"classes": [], "labels": []}', "labels: found a list, wanted an object"),
        ('{"classes": "cat", "labels": {}}', 'classes: found "cat", wanted a list'),
        (labels("cat"), "image '1': found \"cat\", wanted a list"),
        (labels(0), "image '1': found 0, wanted a list"),
        (labels([3]), "image '1', label: found 3, wanted the name of a class, or a number from 0 to 2"),
        (labels([-1]), "image '1', label: found -1, wanted the name of a class, or a number from 0 to 2"),
        (labels([True]), "image '1', label: found true, wanted the name of a class"),
        (labels([{"confidence": 1}]), "image '1', label: found nothing, wanted the name of a class"),
        (labels([{"label": 0}], None), "image '1', label: found 0, wanted the name of a class"),
        (labels([{"label": "cat", "attributes": [1]}]), "image '1', attributes: found a list, wanted an object"),
        (
            labels([{"label": "cat", "attributes": {"suggested": "cat"}}]),
            "image '1', suggested: found \"cat\", wanted a list",
        ),
    ],
)
def test_malformed_json_is_told_with_its_task_or_image(table, text, told):
    path = table(text, "answers.json")
    with pytest.raises(InputError) as error:
        merged(path)
    assert str(error.value).startswith(f"{path}: ") and told in str(error.value)


def test_labels_of_fiftyone_may_be_numbers_of_classes_and_classes_may_be_missing(table):
    assert verdicts(table(labels([1, {"label": 2}]), "a.json")) == {("1", "dog"): "yes", ("1", "-x"): "yes"}
    assert verdicts(table(labels(["cat"], None), "b.json")) == {("1", "cat"): "yes"}


@pytest.mark.parametrize(
    ("text", "position"),
    [
        (task(data={"image_id": "1", "file_name": "2.jpg"}), "task 7"),
        (labels([{"label": "cat", "attributes": {"image_id": "1", "file_name": "2.jpg"}}]), "image '1'"),
    ],
)
def test_an_export_whose_ids_are_those_of_other_pictures_by_now_is_refused(table, text, position):
    path = table(text, "answers.json")
    told = f"{path}: {position}: found image_id '1', whose file is 'a/1.jpg', with file_name '2.jpg' (of '2')"
    with pytest.raises(InputError, match=re.escape(told)):
        merged(path)
    assert verdicts(table(text.replace("2.jpg", "a/1.jpg"), "answers.json")) == {("1", "cat"): "yes"}


def test_a_task_of_another_project_is_refused(table):
    with pytest.raises(InputError, match="task 3: found no image_id in its data"):
        merged(table('[{"id": 3, "data": {"image": "x.jpg"}, "annotations": []}]', "tasks.json"))


def test_a_reader_is_a_record_under_its_own_name():
    assert list(answer_files.READERS) == [reader.name for reader in answer_files.READERS.values()]
