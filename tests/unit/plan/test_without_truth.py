"""What follows where no true label is known, and `make own`, which needs three lines of configuration."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import tiny
from plan import console, evaluation, load, own, truth
from plan.errors import ConfigError

FULL = tiny.CONFIG["teachers"]["full"]


def experiment(changes):
    return load.experiments(tiny.changed(tiny.CONFIG, changes))["tiny"]


def tagged(path, **own_sections):
    """The changes of the configuration that make a table the training part."""
    entry = {"source": "csv", "backbone": "random", "train": {"annotations": str(path), "images": "data/train"}}
    return {"datasets/tiny": entry | own_sections}


@pytest.fixture
def tags(tmp_path):
    """A function that writes a table."""

    def write(text):
        path = tmp_path / "tags.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("path,observed\na.png,cat\n", False),
        ("path,observed,true\na.png,cat,\nb.png,dog, \n", False),
        ("path,observed,true\na.png,cat,\nb.png,dog,dog\n", True),
        ("path,true\na.png,-\n", True),
        ("sep=;\npath;true\na.png;cat\n", True),
        ("path\ttrue\na.png\tcat\n", True),
        ("\n\ufeffpath,observed\n", False),
        ("", False),
        ('path,true\n"a', False),
    ],
    ids=[
        "no column",
        "an empty column",
        "one label",
        "known to be none",
        "semicolons",
        "tabs",
        "an empty line first",
        "empty",
        "half a row",
    ],
)
def test_a_table_tells_whether_a_true_label_is_known(tags, text, known):
    assert truth.known(str(tags(text))) is known


def test_a_table_that_is_not_there_is_for_another_check():
    assert truth.known("nowhere.csv") and truth.known(None) and truth.known("a\0b.csv")


@pytest.mark.parametrize("source", ["csv", "image_folder"])
def test_defaults_follow_without_truth(tags, source):
    changes = tagged(tags("path,observed\na.png,cat\n"))
    if source == "image_folder":
        changes = {"datasets/tiny": {"source": source, "backbone": "random", "train": {"images": "data/train"}}}
    found = experiment(changes | {"comparison": {"reference": "full"}})
    assert found.validation.select_on == "observed_labels" and found.selects_on_observed
    assert set(found.teachers) == {"em", "an"} and found.left_out_teachers == ["full"]
    assert found.figures.baselines == ["an", "em"] and found.comparison.reference is None
    assert found.pseudo_labels["paper"].keep_observed and found.prior_method == "estimated"
    said = console.without_truth(found)
    assert "teachers full" in said and "put back into pseudo-labels paper" in said


def test_answers_of_people_are_put_back_into_pseudo_labels():
    answered = {"review": {"answers": ["answers.csv"]}}
    assert not experiment({}).pseudo_labels["paper"].keep_observed
    assert experiment(answered).pseudo_labels["paper"].keep_observed
    assert not experiment(answered | {"pseudo_labels/paper/keep_observed": False}).pseudo_labels["paper"].keep_observed


def test_a_folder_stands_for_the_answers_in_it(tmp_path):
    for name in ("b.csv", "a.JSON", ".hidden.csv", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "more.csv").mkdir()
    there, alone = [str(tmp_path / name) for name in ("a.JSON", "b.csv")], "nowhere.csv"
    assert experiment({"review": {"answers": [str(tmp_path), alone, there[1]]}}).answer_files == [*there, alone]
    empty = experiment({"review": {"answers": [str(tmp_path / "more.csv")]}})
    assert empty.answer_files == [] and not empty.pseudo_labels["paper"].keep_observed


def test_nothing_follows_where_some_truth_is_known(tags):
    found = experiment(tagged(tags("path,observed,true\na.png,cat,\nb.png,dog,dog\n")))
    assert found.validation.select_on == "true_labels" and not found.left_out_teachers
    assert found.figures.baselines == ["an", "em", "full"] and not found.pseudo_labels["paper"].keep_observed


def test_what_is_named_stays(tags):
    own_sections = {"pseudo_labels": {"paper": tiny.CONFIG["pseudo_labels"]["paper"] | {"keep_observed": False}}}
    found = experiment(tagged(tags("path,observed\na.png,cat\n"), **own_sections))
    assert not found.pseudo_labels["paper"].keep_observed


def test_pseudo_labels_of_a_pool_keep_nothing(tags):
    pooled = {"teacher": "em", "rule": "top_k", "k": 2, "split": "pool"}
    changes = tagged(tags("path,observed\na.png,cat\n"), pool={"images": "data/test"}, pseudo_labels={"top": pooled})
    assert not experiment(changes).pseudo_labels["top"].keep_observed


def test_a_teacher_taken_away_needs_no_list_of_baselines():
    teachers = {"teachers": tiny.CONFIG["teachers"] | {"full": None}}
    for changes in (teachers, {"datasets/tiny": tiny.CONFIG["datasets"]["tiny"] | {"teachers": {"full": None}}}):
        assert experiment(changes).figures.baselines == ["an", "em"]


def refused(function, *arguments):
    with pytest.raises(ConfigError) as stopped:
        function(*arguments)
    return stopped.value.lines


BACKBONES = ["resnet50", "random"]


@pytest.fixture
def values(tmp_path, tags):
    (tmp_path / "pictures").mkdir()
    table = tags("path,observed\na.png,cat\n")
    return dict.fromkeys(own.VARIABLES, "") | {"CSV": str(table), "IMAGES": str(tmp_path / "pictures")}


def written(values):
    return yaml.safe_load("\n".join(own.config_lines(values, BACKBONES)))


def test_make_own_writes_three_lines_that_are_a_configuration(values, tmp_path, monkeypatch):
    assert len(own.config_lines(values, BACKBONES)) == 3
    config = written(values)
    answered = {"review": {"answers": config["review"]["answers"]}}
    merged = tiny.changed(
        tiny.CONFIG, {"dataset": "own", "datasets/own": config["datasets"]["own"] | {"backbone": "random"}} | answered
    )
    monkeypatch.chdir(tmp_path)
    Path(own.ANSWERS).mkdir()
    found = load.experiments(merged)["own"]
    assert not found.knows_truth and config["datasets"]["own"]["backbone"] == "resnet50"
    assert found.answer_files == []  # of an empty folder
    own.require_same(config, values)


def test_make_own_names_each_variable_that_is_missing_or_not_there(values):
    nothing = dict.fromkeys(values, "")
    assert [line[:40] for line in refused(own.config_lines, nothing, BACKBONES)] == [
        "CSV: found nothing, wanted a table with ",
        "IMAGES: found nothing, wanted the folder",
    ]
    assert all(
        "make own CSV=tags.csv IMAGES=pictures" in line for line in refused(own.config_lines, nothing, BACKBONES)
    )
    (line,) = refused(own.config_lines, values | {"IMAGES": "nowhere"}, BACKBONES)
    assert line.startswith("IMAGES: found 'nowhere', which is not there")
    (line,) = refused(own.config_lines, values | {"IMAGES": "x-{0..1}.tar"}, BACKBONES)
    assert line.startswith("IMAGES: found 0 of the 2 tars that 'x-{0..1}.tar' names")
    (line,) = refused(own.config_lines, values | {"IMAGES": values["CSV"]}, BACKBONES)
    assert "which is no folder" in line
    (line,) = refused(own.config_lines, values | {"CSV": values["IMAGES"]}, BACKBONES)
    assert "which is no file whose name ends in .csv" in line
    (line,) = refused(own.config_lines, values | {"BACKBONE": "resnet5"}, BACKBONES)
    assert line.startswith("BACKBONE: found 'resnet5', wanted one of resnet50, random; did you mean resnet50?")
    for name, wanted in (("PREDICT", "which is not there"), ("ANSWERS", "which is not there")):
        (line,) = refused(own.arguments, written(values), values | {name: "nowhere"})
        assert line.startswith(f"{name}: found 'nowhere', {wanted}")
    (line,) = refused(own.arguments, written(values), values | {"ANSWERS": values["IMAGES"]})
    assert "which is no file whose name ends in .csv or .json" in line


def test_make_own_keeps_a_configuration_and_refuses_another_table(values):
    config = written(values)
    (line,) = refused(own.require_same, config, values | {"CSV": "other.csv"})
    assert line.startswith("CSV: found 'other.csv', but own.yaml has") and "as datasets.own.train.annotations" in line
    assert refused(own.require_same, {"datasets": None}, values)[0].startswith("own.yaml: found no data set own")
    own.require_same(config, dict.fromkeys(values, ""))
    own.require_same(config, values | {"IMAGES": f"{values['IMAGES']}/."})  # the same folder


def test_a_value_that_nothing_was_made_from_yet_may_be_named_anew(values, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "\n".join([*own.config_lines(values, BACKBONES), "seeds: [7]", ""])
    (tmp_path / "other.csv").write_text("path,observed\n")
    other = values | {"CSV": "other.csv", "BACKBONE": "random"}

    def corrected(text, values):
        return yaml.safe_load(own.corrected(text, yaml.safe_load(text), values, BACKBONES))

    found = corrected(text, other)
    assert found == yaml.safe_load(text) | {"datasets": written(other)["datasets"]} and found["seeds"] == [7]
    own.require_same(found, other)
    (line,) = refused(own.corrected, text, yaml.safe_load(text), other | {"CSV": "gone.csv"}, BACKBONES)
    assert line.startswith("CSV: found 'gone.csv', which is not there")
    changed = text.replace("datasets: {", "datasets:  {")  # a line that somebody has changed is left
    assert own.corrected(changed, yaml.safe_load(changed), other, BACKBONES) == changed
    Path(own.RESULTS).mkdir(parents=True)
    assert corrected(text, other)["datasets"]["own"] == written(values | {"BACKBONE": "random"})["datasets"]["own"]
    Path(own.RESULTS, "features/resnet50").mkdir(parents=True)
    assert own.corrected(text, yaml.safe_load(text), other, BACKBONES) == text


def test_answers_need_a_configuration_that_reads_them(values):
    config = written(values)
    own.require_same(config, values | {"ANSWERS": "answers.csv"})
    for review in ({}, {"answers": []}, None):
        (line,) = refused(own.require_same, config | {"review": review}, values | {"ANSWERS": "answers.csv"})
        assert line.startswith("ANSWERS: found no own_answers in review.answers of own.yaml")


def test_pictures_to_label_stay_in_the_configuration(values, tmp_path):
    """So that answers change their labels, too, by the same command without PREDICT."""
    config, pictures = written(values), values["IMAGES"]
    assert "predict" not in own.arguments(config, values)
    (line,) = own.lines_to_add(config, values | {"PREDICT": pictures})
    kept = config | yaml.safe_load(line)
    assert kept == written(values | {"PREDICT": pictures})
    assert own.arguments(kept, values)[-1] == "predict" and "--config" not in own.arguments(kept, values)
    assert own.lines_to_add(kept, values | {"PREDICT": str(tmp_path)}) == []  # other pictures, once


def test_names_reach_the_command_whole(values, tmp_path):
    folder = tmp_path / "a 'b' $(touch c); d"
    folder.mkdir()
    kept = written(values | {"PREDICT": values["IMAGES"]})
    command = own.arguments(kept, values | {"PREDICT": str(folder)})
    setting = command[command.index("--config") + 1]
    assert yaml.safe_load(setting.removeprefix("predict=")) == {"images": str(folder)}
    assert command[-1] == "predict"


def test_the_script_ends_with_one_line_and_writes_nothing(tmp_path):
    def refusal(**named):
        environment = os.environ | dict.fromkeys(own.VARIABLES, "") | named
        done = subprocess.run(
            [sys.executable, "workflow_scripts/own.py"], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
        return done.stderr

    for name in ("workflow_scripts", "config.yaml"):
        (tmp_path / name).symlink_to(tiny.ROOT / name)
    assert refusal(IMAGES=str(tmp_path)).startswith("Error: CSV: found nothing")
    assert not (tmp_path / own.CONFIG).exists()
    (tmp_path / own.CONFIG).write_text("a: [")
    assert refusal().startswith("Error: own.yaml, line 1: not readable as YAML (")
    (tmp_path / own.CONFIG).write_text("")
    assert refusal() == "Error: own.yaml: found no keys, wanted keys with values, as in config.yaml\n"


def test_the_script_names_a_config_yaml_that_is_none(tmp_path):
    tiny.copy_repository(tmp_path / "clone")
    (tmp_path / "clone/config.yaml").write_text("seeds: [1]\ndataset: demo: x\n")
    script = tmp_path / "clone/workflow_scripts/own.py"
    done = subprocess.run([sys.executable, script], cwd=tmp_path / "clone", capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("Error: ") and "own.yaml" not in done.stderr
    assert done.stderr.endswith("config.yaml, line 2: not readable as YAML (mapping values are not allowed here)\n")


def test_thresholds_follow_a_number_of_labels_where_no_truth_chooses_them(tags):
    """Rule evaluate reads the number there alone, and its models are evaluated again where it changes."""
    unknown = tagged(tags("path,observed\na.png,cat\n"))
    assert evaluation.threshold_options(experiment(unknown)) == {"labels_per_image": None}
    named = unknown | {"priors/labels_per_image": 2.5}
    assert evaluation.threshold_options(experiment(named)) == {"labels_per_image": 2.5}
    assert evaluation.threshold_options(experiment({"priors/labels_per_image": 2.5})) == {}
