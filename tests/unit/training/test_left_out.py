"""A student that is left out: a model that tells no picture from another, with the reason."""

import csv

import numpy as np

from spml.artifacts import checkpoints
from spml.models.inference import predict
from spml.training import left_out
from spml.training.fitted import write_model

REASON = "no label is present"


def test_a_student_that_is_left_out_is_a_model_whose_logits_are_0(tmp_path):
    outputs = {"checkpoint": str(tmp_path / "checkpoint.safetensors"), "history": str(tmp_path / "history.csv")}
    model = left_out.model(REASON, 3, 5, {"name": "bce"})
    write_model(outputs, model, category=list("abc"), select_on="true_labels", seed=1200)
    weights, about = checkpoints.load(outputs["checkpoint"])
    assert (predict(weights, np.ones((2, 5), np.float32)) == np.zeros((2, 3))).all()
    assert (about["left_out"], about["categories"], about["seed"]) == (REASON, list("abc"), 1200)
    assert (about["val_map"], about["select_on"], about["loss"]) == (None, "true_labels", {"name": "bce"})
    with open(outputs["history"], newline="") as file:
        assert list(csv.DictReader(file)) == [{"left_out": REASON}]
