"""The folder that keeps all answers of `make own`."""

import pytest

from plan import answers
from spml.review import own_answers
from spml.runtime.errors import InputError


@pytest.fixture
def take(tmp_path):
    """A function that writes answers.csv and takes it, about two pictures of two categories."""
    (tmp_path / "tags.csv").write_text("path,observed\na b.png,cat\nc.png,dog\n", encoding="utf-8")
    (tmp_path / "kept").mkdir()

    def taken(text, **more):
        (tmp_path / "answers.csv").write_text(text, encoding="utf-8")
        folder = str(tmp_path / "kept")
        return own_answers.take(
            str(tmp_path / "answers.csv"), folder, answers.files([folder]), str(tmp_path / "tags.csv"), **more
        )

    return taken


def test_each_file_is_kept_once_under_a_name_of_its_own(take, tmp_path):
    head = "image_id,category,answer\n"
    assert take(f"{head}a b.png,dog,yes\n").endswith(
        "answers.csv: 1 answer, kept as " + str(tmp_path / "kept/answers.csv")
    )
    assert "answers_2.csv" in take(f"{head}c.png,cat,no\na b.png,dog,yes\n")
    assert f"2 answers, which {tmp_path / 'kept/answers_2.csv'} has already" in take(
        f"{head}c.png,cat,no\na b.png,dog,yes\n"
    )
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["answers.csv", "answers_2.csv"]
    assert (tmp_path / "kept/answers.csv").read_text() == f"{head}a b.png,dog,yes\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("image_id,category\nc.png,cat\n", "found columns image_id, category"),
        ("image_id,category,answer\ngone.png,cat,yes\n", "line 2: found image 'gone.png'"),
        (
            "image_id,category,answer\nc.png,cats,yes\n",
            "line 2: found category 'cats', wanted one of cat, dog; did you mean cat?",
        ),
        ("image_id,category,answer\nc.png,cat,yes\nc.png,cat,no\n", "line 3: found no to 'cat' of c.png, and yes in"),
    ],
)
def test_a_file_that_would_end_the_run_is_not_kept(take, tmp_path, text, told):
    with pytest.raises(InputError) as stopped:
        take(text)
    assert told in str(stopped.value) and not list((tmp_path / "kept").iterdir())


def test_a_file_that_contradicts_what_is_kept_is_not_kept(take, tmp_path):
    head = "image_id,category,answer,who,when\n"
    take(f"{head}c.png,cat,no,,\n")
    with pytest.raises(
        InputError, match=r"found yes to 'cat' of c.png, and no in .*kept.answers.csv, line 2; wanted .* times"
    ):
        take(f"{head}c.png,cat,yes,,\n")
    assert len(list((tmp_path / "kept").iterdir())) == 1
    assert "1 answer, kept" in take(f"{head}c.png,cat,yes,Ann,\n")  # another person
    assert "1 answer, kept" in take(f"{head}c.png,cat,yes,,2026-01-01T00:00:00Z\n")  # later


def test_answers_about_what_is_gone_are_left_out_where_that_is_wanted(take, tmp_path):
    text = "image_id,category,answer\ngone.png,cat,yes\nc.png,mouse,no\nc.png,cat,no\n"
    assert "1 answer, kept" in take(text, leave_out=True)
    (tmp_path / "names.txt").write_text("cat\ndog\nmouse\n", encoding="utf-8")
    assert "2 answers, kept" in take(text + "\n", leave_out=True, categories=str(tmp_path / "names.txt"))


def test_an_answer_may_be_about_a_picture_of_the_pool(take, tmp_path):
    (tmp_path / "new.png").write_bytes(b"")
    (tmp_path / "pool.txt").write_text("new.png\n")
    text = "image_id,category,answer\npool:new.png,dog,yes\n"
    with pytest.raises(InputError, match=r"found image 'pool:new\.png', wanted an image_id"):
        take(text)
    assert "1 answer, kept as" in take(text, pool=str(tmp_path / "pool.txt"))


def test_an_id_and_a_file_name_of_different_pictures_are_not_kept(take, tmp_path):
    with pytest.raises(InputError, match=r"line 2: found image_id 'c\.png', .* with file_name 'a b\.png'"):
        take("image_id,file_name,category,answer\nc.png,a b.png,cat,yes\n")
    assert not list((tmp_path / "kept").iterdir())
    (tmp_path / "pool.txt").write_text("c.png\n")
    (tmp_path / "c.png").write_bytes(b"")
    text = "image_id,file_name,category,answer\npool:c.png,c.png,dog,yes\nc.png,c.png,cat,no\n"
    assert "2 answers, kept as" in take(text, pool=str(tmp_path / "pool.txt"))
