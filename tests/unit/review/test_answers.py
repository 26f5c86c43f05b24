"""Answers of people: read from the files of several tools, checked and merged."""

import json

import pytest

from spml.review import answers
from spml.runtime.errors import InputError

IMAGES, FILES, CATEGORIES = ["1", "2", "3"], ["a/1.jpg", "2.jpg", "=3.jpg"], ["cat", "dog", "-x"]


def merged(*files):
    given = [answer for path in files for answer in answers.read(str(path))]
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
    ],
)
def test_a_mistake_is_told_with_its_file_and_line(table, text, told):
    path = table(text)
    with pytest.raises(InputError) as error:
        merged(path)
    assert told in str(error.value) and str(path) in str(error.value)


def test_answers_about_the_pool_are_told_from_those_about_the_training_part(table):
    path = str(table("image_id,category,answer\n1,cat,yes\npool:1.png,cat,no\npool:9.png,dog,no\n"))
    assert [answer.image for answer in answers.of_part(answers.read(path), "train")] == ["1"]
    checked = answers.check(
        answers.of_part(answers.read(path), "pool"), ["pool:1.png"], ["1.png"], CATEGORIES, part="pool"
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
    checked = answers.check(answers.read(str(path)), IMAGES, FILES, CATEGORIES)
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
    untouched = {"label": "cat", "attributes": {"image_id": "1", "suggested": ["cat"]}}
    labels = {"some%2Fkey": [{"label": "cat"} | about], "3": [{"label": "-x"}], "1": [untouched], "other": None}
    path = table(json.dumps({"classes": CATEGORIES, "labels": labels}), "labels.json")
    assert verdicts(path) == {("2", "cat"): "yes", ("2", "dog"): "no", ("3", "-x"): "yes"}


@pytest.mark.parametrize("text", ['{"images": []}', "3", "{"])
def test_another_file_is_refused_with_the_formats_that_are_wanted(table, text):
    with pytest.raises(
        InputError, match=r"wanted a CSV file .*; or a JSON export of Label Studio .*; or labels.json of FiftyOne"
    ):
        merged(table(text, "other.json"))


def test_a_task_of_another_project_is_refused(table):
    with pytest.raises(InputError, match="task 3: found no image_id in its data"):
        merged(table('[{"id": 3, "data": {"image": "x.jpg"}, "annotations": []}]', "tasks.json"))


def test_a_reader_is_a_record_under_its_own_name():
    assert list(answers.READERS) == [reader.name for reader in answers.READERS.values()]
