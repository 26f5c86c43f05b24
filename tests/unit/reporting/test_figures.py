import numpy as np
import pandas as pd
import pytest

from spml.reporting import figures, label_quality_figure

LABELS = {"teachers/em": "Entropy maximisation"}


def drawn(figure, folder):
    figures.save(figure, folder / "figure.svg")
    return (folder / "figure.svg").read_text()


def test_category_names_reach_figures_as_they_are(tmp_path):
    """No formulas of matplotlib's, no tags."""
    names = ["<script>x</script>", "a$b$c_{", "50 %"]
    rows = [
        {"category": name, "tau": tau, "seed": 1, "precision": 0.5, "recall": 0.5, "true": 3, "judged": 3, "right": 2}
        for name in names
        for tau in (0.5, 0.7)
    ]
    table = pd.DataFrame(rows).assign(pseudo_labels="paper", variant="v", confused_with="", confused_images=0)
    pairs = pd.DataFrame(columns=["pseudo_labels", "variant", "tau", "seed", "missing", "instead", "images"])
    text = drawn(label_quality_figure.draw(table, pairs, "paper", "tau_0.50"), tmp_path)
    assert "<script>" not in text and "&lt;script&gt;" in text and "a$b$c_{" in text


@pytest.mark.parametrize(("seeds", "note"), [((1,), "one replicate"), ((1, 2), "mean ± standard deviation, 2 repl")])
def test_reference_lines_bear_the_labels_of_their_methods(tmp_path, seeds, note):
    points = pd.DataFrame([{"tau": tau, "seed": seed, "score": seed + tau} for tau in (0.5, 0.7) for seed in seeds])
    lines = [("Entropy maximisation", 1.0, np.nan), ("Full supervision", 1.01, 0.2)]
    text = drawn(figures.over_tau(points, "score", lines, "Pseudo multi-labels", "test mAP (%)"), tmp_path)
    assert note in text and "Pseudo multi-labels" in text
    assert "Entropy" in text and "maximisation" in text and "Full supervision" in text


def test_the_comparison_labels_methods_and_reference(tmp_path):
    columns = ["kind", "name", "variant", "difference", "difference_low", "difference_high", "test_map", "test_map_std"]
    columns += ["difference_std"]
    rows = [
        ("teachers", "em", "", 0.0, 0.0, 0.0, 60.0, np.nan, 0.0),
        ("teachers", "an", "", -1.0, -2.0, 0.0, 59.0, 0.25, 0.5),
    ]
    table = pd.DataFrame(rows, columns=columns).assign(reference="em", replicates=2)
    text = drawn(figures.forest(table, ["an", "em"], "mAP (%)", "chosen", LABELS), tmp_path)
    assert "Entropy maximisation (reference)" in text and ">an<" in text and "59.0 ± 0.2" in text
    assert "± std over replicates" in text and "95 % interval over images" in text
    text = drawn(figures.forest(table.assign(difference_std=np.nan, replicates=1), [], "mAP (%)", "", {}), tmp_path)
    assert "over replicates" not in text


def test_the_figure_of_label_quality_shows_the_confusions_of_the_variant_that_validation_chose(tmp_path):
    rows = [
        {"category": name, "tau": tau, "seed": seed, "precision": 0.5, "recall": 0.5, "true": 3}
        for name in ("cat", "dog")
        for tau in (0.5, 0.7)
        for seed in (1, 2)
    ]
    pairs = pd.DataFrame(
        [("tau_0.70", 1, "cat", "dog", 12), ("tau_0.70", 2, "cat", "dog", 9), ("tau_0.50", 1, "dog", "cat", 7)],
        columns=["variant", "seed", "missing", "instead", "images"],
    )
    text = drawn(label_quality_figure.draw(pd.DataFrame(rows), pairs, "Pseudo multi-labels", "tau_0.70"), tmp_path)
    assert "missing at τ 0.70:" in text and ">dog (10)<" in text and ">cat (7" not in text
    assert "Pseudo multi-labels, training images" in text


def test_the_chosen_threshold_has_a_ring(tmp_path):
    points = pd.DataFrame([{"tau": tau, "seed": 1, "score": tau} for tau in (0.5, 0.7)])
    text = drawn(figures.over_tau(points, "score", [], "students", "mAP", note="note", chosen=0.5), tmp_path)
    assert "one replicate; note;" in text and "ring: the τ that validation chose" in text
    assert "ring" not in drawn(figures.over_tau(points, "score", [], "students", "mAP"), tmp_path)


def test_a_figure_left_out_says_why(tmp_path):
    assert "Comparison: left out, since" in drawn(figures.left_out("Comparison", "nothing is known"), tmp_path)
