import numpy as np

from spml.evaluation.metrics import Predictions
from spml.reporting import model_card

TRUE = np.array([[1, 0, -1], [0, 1, -1], [1, 0, -1]], np.int8)
LOGITS = np.array([[2.0, -1.0, 0.0], [-2.0, 1.0, 0.0], [1.0, -2.0, 0.0]], np.float32)
PREDICTIONS = Predictions(LOGITS, 1 / (1 + np.exp(-LOGITS)), TRUE, np.array([0.5, 0.5, 0.4]))
CATEGORIES = ["cat", "a|b", "none"]


def card(measured, kind="students", edges=(), labels_per_image=None, tested=1.0, candidate=None, **options):
    choice = {
        "dataset": "my_data",
        "model": {"kind": kind, "name": "paper", "variant": "tau_0.75" if kind == "students" else ""},
        "candidates": 2 if kind == "students" else 1,
        "seed": 1200,
        "backbone": {
            "trained": False,
            "library": "torchvision",
            "model": "resnet50",
            "preprocessing": {"size": 448, "resize": "squash", "interpolation": "bilinear", "crops": 1},
        },
        "select_on": "observed_labels",
        "val_map": 61.234,
        "candidate": candidate or {"batch_size": 8, "learning_rate": 0.001},
        "edges": list(edges),
        "threshold": 0.4,
        "thresholds": dict.fromkeys(CATEGORIES, 0.5),
        "threshold_sources": {"cat": "2 % its own", "a|b": "all categories", "none": "2 % its own"},
        "labels_per_image": labels_per_image,
        "positives": {"cat": 1, "a|b": 0, "none": 1},
    }
    rule = {"rule": "threshold", "parameters": {"tau": 0.75}, "teacher": ["em"], "keep_observed": True}
    defaults = {
        "training": {"head": "linear"},
        "labels": {f"{kind}/paper": "Paper's"},
        "pseudo_labels": {"tau_0.75": rule},
    }
    return model_card.card(
        choice,
        defaults | options,
        measured,
        images={"train": 2400, "val": 600, "test": 3},
        tested=tested,
        positives=[2.0, 0.0, np.nan],
        files=[{"path": "x/model.onnx", "bytes": 1234, "sha256": "abc"}],
        versions={"python": "3.12", "torch": "2"},
        code={"commit": None, "changed_files": None},
    )


def test_a_card_of_a_student():
    text = card(model_card.evaluate(PREDICTIONS, CATEGORIES))
    assert text.startswith("# my\\_data: Paper's τ 0.75, replicate 1200\n\n")
    assert "- Data set my\\_data: 2,400 images to train on, 600 for validation, 3 to test.\n- Trained on" in text
    assert "rule `threshold` (tau 0.75) on the probabilities of em, observed labels put back.\n- Head" in text
    assert (
        "- Chosen of 2 variants on the observed validation labels, its mAP there 61.23 % "
        "(over all categories, one without positives counting as 0): batch size 8, learning rate 0.001." in text
    )
    assert (
        "| mAP | mAP, categories present | OF1 | CF1 |\n|---|---|---|---|\n| 66.67 | 100.00 | 100.00 | 66.67 |" in text
    )
    assert "| cat | 2 | 2 | 100.00 | 100.00 | 100.00 | 0.5000 | 2 % its own | 1 |\n| a\\|b | 0 | 1 |" in text
    assert "| none | – | – | – | – | – | 0.5000 | 2 % its own | 1 |\n\n## Limits" in text
    assert (
        "drawn towards that of all categories together, 0.4000: with m positives" in text
        and "never learnt: a\\|b." in text
    )
    assert "| `model.onnx` | 1,234 | `abc` |\n\n" in text
    assert "edge" not in text and "lie beyond" not in text
    assert text.endswith("Made with python 3.12, torch 2; commit unknown.\n")


def test_a_card_of_a_teacher_says_which_labels_it_learnt_from():
    measured = model_card.evaluate(PREDICTIONS, CATEGORIES)
    assert "- Trained on the true labels.\n" in card(
        measured, "teachers", training={"head": "linear", "supervision": "full"}
    )
    assert "- Trained on the observed labels.\n" in card(
        measured, "teachers", training={"head": "linear", "supervision": "observed"}
    )


def test_a_card_without_test_labels_says_so():
    nothing = Predictions(LOGITS, PREDICTIONS.probability, np.full_like(TRUE, -1), 0.5)
    text = card(model_card.evaluate(nothing, CATEGORIES))
    assert "## Metrics\n\nNot measured: no true label of a test image is known.\n\n## Thresholds" in text
    assert "nan" not in text and "None" not in text.split("```")[0]


def test_a_card_says_how_a_threshold_was_found_without_truth():
    text = card(model_card.evaluate(PREDICTIONS, CATEGORIES), labels_per_image=2.456)
    assert "All categories share the threshold 0.4000" in text and "2.46 labels on average" in text
    assert "highest F1" not in text


def test_a_card_says_where_the_choice_is_at_an_edge():
    text = card(model_card.evaluate(PREDICTIONS, CATEGORIES), edges=["lowest learning rate", "last epoch"])
    assert (
        "counting as 0): batch size 8, learning rate 0.001.\n- The search chose the lowest learning rate and the last epoch that was tried: a"
        in text
    )


def test_a_card_says_how_much_of_the_test_split_is_measured():
    measured = model_card.evaluate(PREDICTIONS, CATEGORIES)
    assert "On the test split, in percent" in card(measured)
    assert "On the 12.5 % of the true labels of the test split that are known, in percent" in card(
        measured, tested=0.125
    )


def test_a_card_of_texts_says_that_nothing_was_trained():
    training = {
        "text": {"temperature": None, "debias": True, "crops": "mean"},
        "prompts": ["a photo of a {}.", "the {}"],
    }
    measured = model_card.evaluate(PREDICTIONS, CATEGORIES)
    text = card(measured, "teachers", training=training, candidate={"temperature": 0.01}).replace("\\", "")
    assert (
        '- It was not trained: it compares a picture with texts about the categories, "a photo of a {}." and "the {}", by'
        in text
    )
    assert "less their mean over the training pictures, are divided by the temperature 0.01. No label is read" in text
    assert "- The probabilities of a picture sum to 1" in text
    assert "Trained on" not in text and "Head, loss" not in text and "never learnt" not in text
    assert "RGB).\n\n## Training" in text
