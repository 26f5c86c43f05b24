"""The model in use: new images labelled, backbone and head exported, the card beside them."""

import ast
import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

import h5py
import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.metrics import precision_score, recall_score

import tiny
from plan import load
from plan import model as plan_model
from plan.errors import ConfigError
from spml.artifacts import checkpoints, left_out
from spml.data import image_folder
from spml.features import backbones
from spml.features.extractor import Extractor
from spml.models import inference
from spml.reporting import html
from spml.runtime.errors import InputError

pytestmark = pytest.mark.xdist_group("finished")


def config(**options):
    """The configuration with a section predict."""
    return tiny.changed(tiny.CONFIG, {f"predict/{key}": value for key, value in options.items()})


def predict(folder, *arguments, check=True, **options):
    tiny.configure(folder, config(**options))
    return tiny.snakemake(folder, "predict", *arguments, root=folder / "repository", check=check)


def planned(folder, **options):
    return set(tiny.planned(folder, "predict", root=folder / "repository", config=config(**options))) - {"predict"}


@pytest.fixture(scope="module")
def predicted(finished, tmp_path_factory):
    """A copy of the finished run with its model exported, and predictions for the pictures of the test part."""
    folder = tiny.copy_run(finished, tmp_path_factory.mktemp("predicted") / "work")
    predict(folder, "model", images="data/test")
    return folder


@pytest.fixture(scope="module")
def copied(predicted, tmp_path_factory):
    """A copy of it, in which other models predict for other pictures."""
    return tiny.copy_run(predicted, tmp_path_factory.mktemp("copied") / "work")


@pytest.fixture(scope="module")
def exported(predicted):
    return predicted / "results/tiny/model"


@pytest.fixture(scope="module")
def predictions(predicted, exported):
    """A table by image id, and what the model says of itself."""
    table = pd.read_csv(predicted / "results/tiny/predictions/predictions.csv", keep_default_na=False)
    table.index = table["image"].str.removesuffix(".png")
    return table, json.loads((exported / "model.json").read_text())


def logits(folder, path):
    with h5py.File(folder / "results/tiny" / path) as file:
        return list(file["image_id"].asstr()), file["logit"][:].astype(float)


def probabilities(folder, path):
    image_id, values = logits(folder, path)
    return image_id, 1 / (1 + np.exp(-values))


def test_a_picture_gets_the_probabilities_that_the_pipeline_gave_it(finished, predictions):
    table, choice = predictions
    model = choice["model"]
    image_id, wanted = probabilities(finished, f"students/{model['name']}/seed_1200/{model['variant']}/logits_test.h5")
    assert list(table)[4:] == list(tiny.COLOURS) and len(table) == 24  # the one without a label, too
    assert np.abs(table.loc[image_id, list(tiny.COLOURS)].to_numpy() - wanted).max() < 1e-3


def test_its_labels_are_those_above_their_thresholds_the_most_probable_first(predictions):
    table, choice = predictions
    for _, row in table.iterrows():
        found = row["labels"].split("; ") if row["labels"] else []
        assert set(found) == {name for name, threshold in choice["thresholds"].items() if row[name] > threshold}
        assert [row[name] for name in found] == sorted((row[name] for name in found), reverse=True)


def test_the_variant_is_the_one_that_validation_chose(finished, predictions):
    table = pd.read_csv(finished / "results/tiny/tables/map.csv", keep_default_na=False)
    best = table[table["kind"] == "students"].groupby("variant")["val_map"].mean().idxmax()
    assert predictions[1]["model"] == {"kind": "students", "name": "paper", "variant": best}
    assert predictions[1]["candidates"] == 2 and predictions[1]["seed"] == 1200


def test_predictions_say_which_threshold_each_label_passed(predictions):
    table, choice = predictions
    for _, row in table[table["labels"] != ""].iterrows():
        names = row["labels"].split("; ")
        wanted = [f"{name} > {choice['thresholds'][name]:.4f} ({choice['threshold_sources'][name]})" for name in names]
        assert row["thresholds"] == "; ".join(wanted)
    assert all("% its own" in source for source in choice["threshold_sources"].values())


def test_metrics_card_and_predictions_have_the_same_thresholds(finished, predictions, exported):
    _, choice = predictions
    model = choice["model"]
    measured = json.loads(
        (finished / f"results/tiny/metrics/students/{model['name']}/seed_1200/{model['variant']}.json").read_text()
    )
    for key in ("threshold", "thresholds", "threshold_sources", "positives"):
        assert choice[key] == measured[key]
    card = (exported / "README.md").read_text()
    scores = [measured["test"][key] for key in ("map", "of1_chosen", "cf1_chosen")]
    assert "| " + " | ".join(f"{score:.2f}" for score in scores[1:]) + " |" in card and f"| {scores[0]:.2f} |" in card


def test_another_model_replicate_and_a_list_of_paths(copied, tmp_path):
    shutil.copy(copied / "data/test/3.png", tmp_path / "=three.png")
    listed = tmp_path / "list.txt"
    listed.write_text(f"\ufeff=three.png\n\n{copied / 'data/test/5.png'}\n", encoding="utf-8")
    predict(copied, images=str(listed), model="em", seed=1201)
    with open(copied / "results/tiny/predictions/predictions.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == ["'=three.png", str(copied / "data/test/5.png")]  # no formula
    image_id, wanted = probabilities(copied, "teachers/em/seed_1201/logits_test.h5")
    for row, image in zip(rows, ("3", "5"), strict=True):
        assert [float(row[name]) for name in tiny.COLOURS] == pytest.approx(wanted[image_id.index(image)], abs=1e-3)
    choice = json.loads((copied / "results/tiny/model/model.json").read_text())
    assert choice["model"] == {"kind": "teachers", "name": "em", "variant": ""} and choice["seed"] == 1201


def test_only_what_changed_is_predicted_again(predicted, tmp_path):
    folder = tiny.copy_run(predicted, tmp_path / "work")
    assert planned(folder, images="data/test") == set()
    again = {"predict_images", "make_predictions_page"}
    assert planned(folder, images="data/test", model="em") == {"choose_model", *again}
    with tiny.edited(folder / "repository/workflow_scripts/spml/models/inference.py"):
        assert planned(folder, images="data/test") >= again
    with tiny.edited(folder / "repository/workflow_scripts/spml/reporting/templates/predictions.html"):
        assert planned(folder, images="data/test") == {"make_predictions_page"}
    os.utime(folder / "data/test/3.png", (1, 1))  # as if it had been replaced
    assert planned(folder, images="data/test") == {"list_new_images", *again}


def test_a_picture_that_is_added_or_replaced_changes_the_fingerprint(tmp_path, predicted):
    shutil.copytree(predicted / "data/test", tmp_path / "new")
    experiment = load.experiments(config(images=str(tmp_path / "new")))["tiny"]
    before = plan_model.fingerprint_new_images(experiment)
    assert plan_model.fingerprint_new_images(experiment) == before
    shutil.copy(predicted / "data/train/1.png", tmp_path / "new/added.png")
    added = plan_model.fingerprint_new_images(experiment)
    os.utime(tmp_path / "new/added.png", (1, 1))
    assert len({before, added, plan_model.fingerprint_new_images(experiment)}) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"images": "data/test", "model": "paper@0.66"}, "predict.model: found 'paper@0.66', wanted paper@ and one of"),
        (
            {"images": "data/test", "model": "ema"},
            "predict.model: found 'ema', wanted one of em, an, full; did you mean em?",
        ),
        ({"images": "data/test", "seed": 7}, "predict.seed: found 7, wanted one of the seeds, 1200, 1201"),
    ],
)
def test_a_model_that_is_none_is_a_mistake_of_the_configuration(options, message):
    with pytest.raises(ConfigError) as stopped:
        load.experiments(config(**options))
    assert any(message in line for line in stopped.value.lines), stopped.value.lines


def test_pictures_that_are_not_there_are_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/a.smk").touch()
    (tmp_path / "random.pth").write_bytes(b"\x80\xff\x00")
    experiment = load.experiments(config(images="nowhere"))["tiny"]
    with pytest.raises(SystemExit, match=r"predict[.]images: found 'nowhere', which is not there"):
        plan_model.new_images(experiment)
    with pytest.raises(InputError, match="found no picture in the folder rules"):
        image_folder.of_folder("rules")
    with pytest.raises(InputError, match=re.escape("random.pth: line 1: no text in UTF-8")):
        image_folder.of_list("random.pth")


def test_without_pictures_the_target_is_told_in_one_line(copied):
    status, text = predict(copied, check=False)
    wanted = "predict.images: found nothing, wanted a folder of pictures, or a text file"
    assert status == 1 and wanted in text and "Traceback" not in text


def test_a_file_that_is_no_picture_is_named(copied, tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    status, text = predict(copied, check=False, images=str(tmp_path))
    assert status == 1 and f"found no picture in the folder {tmp_path}" in text and "Traceback" not in text
    assert "left out: 1 damaged, or no picture in spite of its name (bad.jpg)" in text


def test_a_picture_that_cannot_be_read_stops_no_other(copied, tmp_path):
    for name in ("a.png", "c.png"):
        Image.new("RGB", (40, 40), "red").save(tmp_path / name)
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:60])
    predict(copied, images=str(tmp_path))
    table = pd.read_csv(copied / "results/tiny/predictions/predictions.csv", index_col="image")
    assert "b.png: not a readable picture" in table.loc["b.png", "problem"] and pd.isna(table.loc["b.png", "labels"])
    assert table.loc["b.png", list(tiny.COLOURS)].isna().all() and table.loc[["a.png", "c.png"], "problem"].isna().all()
    assert (table.loc["a.png", list(tiny.COLOURS)] == table.loc["c.png", list(tiny.COLOURS)]).all()
    page = (copied / "results/tiny/predictions/predictions.html").read_text()
    assert f'<td class="text">b.png</td><td class="text">{tmp_path}/b.png: not a readable picture' in page


def test_a_list_names_the_line_that_is_wrong(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    for text, told in {
        "a.png\nb.png\n": "line 2: found 'b.png', wanted the path of a file",
        "a.png\n\na.png\n": "line 3: found 'a.png', also on line 1; wanted each once",
        "a\x07.png": "wanted a path without control characters",
        "\n \n": "found no line",
    }.items():
        (tmp_path / "list.txt").write_text(text)
        with pytest.raises(InputError, match=re.escape(told)):
            image_folder.of_list(str(tmp_path / "list.txt"))


def test_a_folder_is_searched_to_its_depth_and_never_left(tmp_path):
    (tmp_path / "in/b").mkdir(parents=True)
    for name in ("in/b/1", "in/a.webp", "out.png"):
        Image.new("RGB", (4, 4)).save(tmp_path / name, "PNG")
    (tmp_path / "in/link.png").symlink_to(tmp_path / "out.png")
    (tmp_path / "in/notes.txt").write_text("notes")
    folder = image_folder.of_folder(str(tmp_path / "in"))
    assert folder.pictures == ["a.webp", "b/1"]
    assert dict(folder.left_out) == {"link.png": left_out.OUTER_LINK, "notes.txt": left_out.TEXT}


# -- exports of the model


@pytest.mark.parametrize("count", [1, 5])
def test_the_exports_agree_with_the_pipeline_for_any_batch(predicted, exported, count):
    choice = json.loads((exported / "model.json").read_text())
    model = choice["model"]
    image_id, wanted = probabilities(predicted, f"students/{model['name']}/seed_1200/{model['variant']}/logits_test.h5")
    size = choice["backbone"]["preprocessing"]["size"]
    paths = [predicted / f"data/test/{image}.png" for image in image_id[:count]]
    pictures = np.stack([np.asarray(Image.open(p).convert("RGB").resize((size, size), 2)) for p in paths])
    session = onnxruntime.InferenceSession(exported / "model.onnx", providers=["CPUExecutionProvider"])
    (onnx,) = session.run(None, {"pictures": pictures})
    program = torch.export.load(exported / "model.pt2").module()
    assert np.abs(onnx - program(torch.from_numpy(pictures)).numpy()).max() < 1e-5
    backbone = backbones.load(choice["backbone"], str(predicted / "data/random.pth"))
    (features,) = Extractor(backbone, "float32", "cpu")([pictures])
    weights, _ = checkpoints.load(exported / "checkpoint.safetensors")
    assert np.abs(onnx - 1 / (1 + np.exp(-inference.predict(weights, features)))).max() < 1e-4
    assert np.abs(onnx - wanted[:count]).max() < 1e-2  # these are of features stored as float16


def test_the_card_says_what_the_files_hold(predicted, exported):
    card = (exported / "README.md").read_text()
    choice = json.loads((exported / "model.json").read_text())
    model = choice["model"]
    metrics = json.loads(
        (predicted / f"results/tiny/metrics/students/paper/seed_1200/{model['variant']}.json").read_text()
    )
    assert f"| {metrics['test']['map']:.2f} | {metrics['test']['map_present']:.2f} |" in card
    assert "29 images to train on, 10 for validation, 23 to test" in card
    for name in ("checkpoint.safetensors", "model.pt2", "model.onnx", "predict.py"):
        content = (exported / name).read_bytes()
        assert f"| `{name}` | {len(content):,} | `{hashlib.sha256(content).hexdigest()}` |" in card
    _, probability = probabilities(predicted, f"students/paper/seed_1200/{model['variant']}/logits_test.h5")
    with h5py.File(predicted / "results/tiny/labels/test.h5") as file:
        label = file["label"][:]
    for column, (name, threshold) in enumerate(choice["thresholds"].items()):
        found = probability[:, column] > threshold
        precision, recall = (
            100 * of(label[:, column], found, zero_division=np.nan) for of in (precision_score, recall_score)
        )
        average = 100 * metrics["test"]["average_precision"][name]
        numbers = " | ".join("–" if np.isnan(v) else f"{v:.2f}" for v in (average, precision, recall))
        assert f"| {label[:, column].sum()} | {numbers} | {threshold:.4f} |" in card
    assert "rule `threshold`" in card and "never learnt" not in card


def test_names_in_a_card_cannot_break_its_table():
    assert html.escape_markdown("a|b <c> *d*") == "a\\|b \\<c\\> \\*d\\*"


# -- the script beside the model


@pytest.fixture(scope="module")
def kinds(predicted, tmp_path_factory):
    """A folder with one picture in every way that a file may hold it, two of which must be put right before use."""
    folder = tmp_path_factory.mktemp("kinds")
    red = np.asarray(Image.open(predicted / "data/test/1.png").convert("RGB"))
    pixels = np.concatenate([red, np.full_like(red, 230)], axis=0)  # not square, so that turning it matters
    picture = Image.fromarray(pixels)
    alpha = Image.fromarray(np.tile(np.linspace(0, 255, 32, dtype=np.uint8), (64, 1)))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.transpose(Image.Transpose.ROTATE_90).save(folder / "turned.jpg", exif=exif, quality=95)
    clear = picture.copy()
    clear.putalpha(alpha)
    clear.save(folder / "rgba.png")
    clear.convert("LA").save(folder / "la.png")
    picture.convert("L").save(folder / "grey.png")
    picture.convert("P").save(folder / "palette.png")
    picture.convert("P").save(folder / "see_through.gif", transparency=3)
    picture.convert("CMYK").save(folder / "cmyk.jpg")
    Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257).save(folder / "deep.png")
    Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257).save(folder / "deep.tif")
    picture.convert("1").save(folder / "bits.png")
    return folder


def run_beside(exported, program, *arguments):
    """Run a program of its own beside the exported model, without this project's modules."""
    return subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(exported)!r}); {program}", *arguments],
        capture_output=True,
        text=True,
        cwd=exported,
    )


def test_script_and_card_label_every_kind_of_picture_as_the_pipeline_does(copied, exported, kinds):
    predict(copied, images=str(kinds))
    table = pd.read_csv(copied / "results/tiny/predictions/predictions.csv", index_col="image", keep_default_na=False)
    assert len(table) == 10 and set(table["problem"]) == {""}
    ours = copied / "results/tiny/model"
    for name in ("model.onnx", "model.pt2", "predict.py"):
        assert (exported / name).exists()
    snippet = re.search(r"```python\n(.*?)```", (exported / "README.md").read_text(), re.S)[1]
    assert json.loads((ours / "model.json").read_text()) == json.loads((exported / "model.json").read_text())
    threshold = json.loads((exported / "model.json").read_text())["thresholds"]
    for name, row in table.iterrows():
        code = snippet.replace("picture.jpg", str(kinds / name))
        done = run_beside(exported, f"exec({code!r})")
        assert done.returncode == 0, done.stderr
        labels, values = done.stdout.replace("np.float32", "").splitlines()
        values = {key: float(value) for key, value in re.findall(r"'(\w+)': \(?([\d.e-]+)", values)}
        assert list(values) == list(tiny.COLOURS)
        assert [values[colour] for colour in values] == pytest.approx(row[list(values)].tolist(), abs=1e-2), name
        if all(abs(values[colour] - threshold[colour]) > 1e-2 for colour in values):
            assert set(ast.literal_eval(labels)) == set(row["labels"].split("; ") if row["labels"] else []), name


def test_the_script_runs_by_itself_and_names_what_is_no_picture(exported, kinds, tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    command = [sys.executable, "-I", str(exported / "predict.py"), str(kinds / "turned.jpg"), str(tmp_path / "bad.jpg")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1 and done.stdout.startswith(f"{kinds / 'turned.jpg'}: ")
    assert re.fullmatch(r".*bad.jpg: not a readable picture .*\n", done.stderr), done.stderr


def test_without_onnxruntime_the_script_uses_torch(exported, kinds):
    program = "import predict; print(*predict.Model().probabilities(sys.argv[1]))"
    without = f"import importlib.util; importlib.util.find_spec = lambda name: None; {program}"
    one, other = (run_beside(exported, text, str(kinds / "turned.jpg")) for text in (program, without))
    assert one.returncode == other.returncode == 0, one.stderr + other.stderr
    numbers = [[float(value) for value in done.stdout.split()] for done in (one, other)]
    assert numbers[0] == pytest.approx(numbers[1], abs=1e-5)
