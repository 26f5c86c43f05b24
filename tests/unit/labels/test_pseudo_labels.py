import inspect
import subprocess
import sys

import numpy as np
import pytest

import tiny
from spml.artifacts import labels
from spml.labels.estimates import ESTIMATES
from spml.labels.pseudo_labels import (
    RULES,
    argmax,
    band,
    class_prior,
    keep_observed,
    probabilities,
    soft,
    threshold,
    top_k,
)
from spml.runtime.errors import InputError

LOGITS = np.array([[2.0, -1.0, 0.0], [1.0, 0.5, -3.0], [0.0, 3.0, 0.2], [-1.0, -2.0, 1.0]], np.float32)


def test_a_band_is_ignored_between_its_thresholds():
    assert band(LOGITS, 0.7, 0.3).tolist() == [[1, 0, -1], [1, -1, 0], [-1, 1, -1], [0, 0, 1]]


def test_class_prior_gives_each_category_its_rate_from_the_top():
    pseudo = class_prior(LOGITS, np.array([0.5, 0.25, 0.0]))
    assert pseudo.tolist() == [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]]


def test_top_k_gives_each_category_its_highest_images():
    assert top_k(LOGITS, 1).tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert top_k(LOGITS, 99).all()


def test_of_equals_the_first_are_taken_so_that_the_number_holds():
    assert top_k(np.zeros((4, 2)), 2).tolist() == [[1, 1], [1, 1], [0, 0], [0, 0]]


def test_argmax_gives_each_image_one_category():
    assert argmax(LOGITS).argmax(1).tolist() == [0, 0, 1, 2] and (argmax(LOGITS).sum(1) == 1).all()


def test_soft_targets_are_the_probabilities():
    assert soft(LOGITS).dtype == np.float16
    assert soft(LOGITS).astype(float) == pytest.approx(probabilities(LOGITS), abs=5e-4)


def test_what_was_observed_is_put_back_in_every_rule():
    observed = np.array([[0, 1, 0], [0, 0, 0], [0, -1, 0], [0, 0, 0]], np.int8)
    for pseudo in (band(LOGITS, 0.7, 0.3), soft(LOGITS), top_k(LOGITS, 1)):
        kept = keep_observed(pseudo, observed)
        assert kept.dtype == pseudo.dtype and kept[0, 1] == 1 and kept[2, 1] == 0
        assert (kept[observed == 0] == pseudo[observed == 0]).all()


def test_the_rules_are_recorded_in_order_with_their_hyperparameters():
    records = {
        name: (rule.swept, [parameter.name for parameter in rule.hyperparameters]) for name, rule in RULES.items()
    }
    assert list(records.items()) == [
        ("threshold", (True, [])),
        ("class_prior", (False, ["prior"])),
        ("top_k", (False, ["k"])),
        ("band", (True, ["tau_low"])),
        ("argmax", (False, [])),
        ("soft", (False, [])),
        ("cardinality", (False, ["number", "maximum"])),
        ("adaptive", (False, [])),
        ("conformal", (False, ["error_rate", "calibrate_on", "inside"])),
    ]


@pytest.mark.parametrize("name", RULES)
def test_a_rule_takes_logits_its_threshold_and_its_hyperparameters_or_an_estimate_takes_these(name):
    rule = RULES[name]
    function, first = (ESTIMATES[name], ["evidence"]) if name in ESTIMATES else (rule.function, ["logits"])
    wanted = first + ["tau"] * rule.swept + [parameter.name for parameter in rule.hyperparameters]
    assert rule.name == rule.function.__name__ == name and rule.description
    assert list(inspect.signature(function).parameters) == wanted


def test_estimates_are_of_rules_that_exist():
    assert set(ESTIMATES) <= set(RULES)


def test_rules_are_read_without_numpy():
    program = "import sys, spml.labels.pseudo_labels; print('numpy' in sys.modules)"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tiny.ROOT / "workflow_scripts", capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_threshold_is_strict():
    assert threshold(np.array([[0.0, 0.1, -0.1]]), 0.5).tolist() == [[0, 1, 0]]


def test_soft_pseudo_labels_come_back_as_they_were_written(tmp_path):
    path = str(tmp_path / "soft.h5")
    labels.write(path, "pseudo_labels", list("abcd"), list("xyz"), soft(LOGITS), rule="soft")
    assert (labels.read(path, "pseudo_labels").values == soft(LOGITS)).all()


def test_a_prior_names_each_category_and_no_other():
    assert labels.by_category("p", {"x": 0.5}, ["x", "y"], 1.0).tolist() == [0.5, 1.0]
    with pytest.raises(InputError, match="p: found nothing for y, wanted a number for each category"):
        labels.by_category("p", {"x": 0.5}, ["x", "y"], None)
    with pytest.raises(InputError, match="p: found 'z', wanted one of x, y"):
        labels.by_category("p", {"x": 0.5, "z": 1}, ["x", "y"], None)


def test_a_band_whose_upper_threshold_is_the_lower_one_ignores_nothing():
    logits = np.array([[-3.0, -1.0, 0.0, 3.0]])
    assert RULES["band"].function(logits, tau=0.2, tau_low=0.6).tolist() == [[0, 1, 1, 1]]
