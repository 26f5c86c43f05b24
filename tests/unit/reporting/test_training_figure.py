"""The curves of the figure of training are those of the candidate that was kept."""

import numpy as np
import pandas as pd
import pytest

from spml.reporting import figures, training_figure


def history(*rows, columns=("batch_size", "learning_rate", "epoch", "loss", "val_map")):
    return pd.DataFrame(rows, columns=list(columns))


def test_the_candidate_with_the_best_epoch_is_shown_the_first_of_equals():
    table = history((8, 0.1, 1, 3.0, 40.0), (8, 0.1, 2, 2.0, 50.0), (8, 0.01, 1, 9.0, 50.0), (8, 0.01, 2, 8.0, 50.0))
    (run,) = training_figure.runs(table)
    assert run.steps.tolist() == [1, 2] and run.loss.tolist() == [3.0, 2.0] and run.val_map.tolist() == [40.0, 50.0]
    assert run.chosen == 1 and not run.is_path and list(run.stages) == []


def test_stages_follow_each_other_and_the_last_is_kept():
    columns = ("stage", "batch_size", "learning_rate", "epoch", "loss", "val_map")
    table = history(
        *((1, 8, 0.1, 1, 3.0, 60.0), (1, 8, 0.1, 2, 2.0, 50.0)),
        *((2, 16, 0.1, 1, 1.5, 41.0), (2, 16, 0.2, 1, 1.0, 43.0), (2, 16, 0.2, 2, 0.5, 42.0)),
        columns=columns,
    )
    (run,) = training_figure.runs(table)
    assert run.steps.tolist() == [1, 2, 3, 4] and run.val_map.tolist() == [60.0, 50.0, 43.0, 42.0]
    assert run.chosen == 2 and list(run.stages) == [2]


def test_a_ridge_regression_runs_over_its_penalties():
    table = history((10.0, 0.3, 40.0), (0.1, 0.1, 45.0), (1.0, 0.2, 45.0), columns=("penalty", "loss", "val_map"))
    (run,) = training_figure.runs(table)
    assert run.steps.tolist() == [0.1, 1.0, 10.0] and run.chosen == 0 and run.is_path


def test_of_two_heads_the_better_one_is_kept_the_first_of_equals():
    columns = ("head", "batch_size", "learning_rate", "epoch", "loss", "val_map", "penalty")
    steps = [("mlp", 8, 0.1, 1, 2.0, 40.0, np.nan), ("mlp", 8, 0.1, 2, 1.0, 44.0, np.nan)]
    for best, kept in ((44.0, "mlp"), (45.0, "ridge")):
        path = [("ridge", *[np.nan] * 3, 0.5, best, 1.0), ("ridge", *[np.nan] * 3, 0.6, 30.0, 10.0)]
        mlp, ridge = training_figure.runs(history(*steps, *path, columns=columns))
        assert (mlp.is_path, ridge.is_path) == (False, True)
        assert (mlp.is_kept, ridge.is_kept) == (kept == "mlp", kept == "ridge")
        assert mlp.val_map.tolist() == [40.0, 44.0] and ridge.steps.tolist() == [1.0, 10.0]


@pytest.mark.parametrize("count", [1, 4, 7])
def test_each_method_has_a_panel_with_its_name(tmp_path, count):
    epochs = np.arange(1, 4)
    own = training_figure.Run(epochs, 1.0 / epochs, 10.0 * epochs, 2)
    path = training_figure.Run(np.array([0.1, 10.0]), np.array([0.1, 0.2]), np.array([50.0, 40.0]), 0, is_path=True)
    methods = [
        training_figure.Method(f"method <{number}>", [("τ 0.55", own), ("τ 0.75", own)]) for number in range(count)
    ]
    methods.append(training_figure.Method("ridge", [("", path)]))
    figures.save(training_figure.draw(methods), tmp_path / "figure.svg")
    text = (tmp_path / "figure.svg").read_text()
    assert all(f"method &lt;{number}&gt;" in text for number in range(count))
    assert text.count(">penalty<") == 1 and text.count(">epoch<") == count
    assert ">0.1<" in text and "mathdefault" not in text  # numbers, not their source in TeX
    assert "τ 0.55" in text and "τ 0.75" in text and "kept" in text
