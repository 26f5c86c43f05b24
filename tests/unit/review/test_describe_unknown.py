"""What people see of labels without true labels: unknown is not zero."""

import numpy as np

from spml.artifacts import labels
from spml.review import describe

HEADER = "image_id,file_name,split,category,probability,pseudo,observed,true\n"


def lines(path):
    return [line.split() for line in describe.describe(path)]


def test_a_file_of_labels_says_unknown_where_no_true_label_is_known(tmp_path):
    values = np.array([[-1, 1], [-1, 0], [-1, 0]], np.int8)
    labels.write(str(tmp_path / "some.h5"), "labels", ["a", "b", "c"], ["book", "cup"], values)
    shown = lines(tmp_path / "some.h5")
    assert ["book", "unknown"] in shown and ["cup", "1", "33.3"] in shown
    assert ["images", "without", "a", "positive", "2"] in shown
    labels.write(str(tmp_path / "none.h5"), "labels", ["a", "b", "c"], ["book", "cup"], np.full_like(values, -1))
    shown = lines(tmp_path / "none.h5")
    assert ["book", "unknown"] in shown and ["cup", "unknown"] in shown and ["positives", "unknown"] in shown
    assert ["images", "without", "a", "positive", "unknown"] in shown


def test_a_table_of_pseudo_labels_counts_what_is_wrong_only_where_true_labels_are_known(tmp_path):
    path = tmp_path / "all.csv"
    path.write_text(HEADER + "a,a.jpg,train,cup,0.9,0.9000,1,\nb,b.jpg,train,cup,0.6,0.6172,0,\n", encoding="utf-8")
    shown = lines(path)
    assert ["true", "labels", "unknown"] in shown and ["pseudo", "labels", "2"] in shown
    assert ["category", "pseudo", "observed"] in shown and ["cup", "2", "1"] in shown
    assert not {"wrong", "missing"} & {word for line in shown for word in line}
    path.write_text(path.read_text() + "c,c.jpg,train,cup,0.7,0.7000,0,0\n", encoding="utf-8")
    shown = lines(path)
    assert ["wrong", "labels", "1"] in shown and ["cup", "3", "1", "0", "1", "0"] in shown
