"""What people decided, laid over observed labels."""

import numpy as np
import pytest

from spml.artifacts import records
from spml.labels import verdicts
from spml.runtime.errors import InputError


def test_verdicts_override_what_is_observed_in_the_rows_of_a_block():
    observed = np.array([[1, 0, 0], [0, -1, 0]], np.int8)
    decided = [(4, 0, 1), (5, 0, -1), (6, 1, 1), (6, 2, -1), (7, 0, 1)]
    assert verdicts.lay_over(observed, 5, [verdicts.Verdict(*one) for one in decided]) == 2
    assert observed.tolist() == [[-1, 0, 0], [0, 1, -1]]


def test_a_table_of_answers_is_read_without_what_is_undecided(tmp_path):
    rows = [("2", "dog", "yes"), ("2", "dog", "yes"), ("1", "cat", "no"), ("1", "dog", "undecided")]
    table = [
        verdicts.COLUMNS,
        *((i, f"{i}.jpg", c, "yes", "ann", "", verdict, "a.csv", "line 2") for i, c, verdict in rows),
    ]
    path = tmp_path / "answers.csv"
    records.write_csv(path, "answers", table)
    assert verdicts.read(path, ["1", "2"], ["cat", "dog"]) == [(0, 0, -1), (1, 1, 1)]
    path.write_text(path.read_text().replace("no", "yes"))
    with pytest.raises(InputError, match="its bytes differ"):
        verdicts.read(path, ["1", "2"], ["cat", "dog"])
