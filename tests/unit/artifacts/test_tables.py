import pandas as pd

from spml.artifacts import tables


def test_names_come_back_as_they_were_and_are_not_escaped(tmp_path):
    names = ["=1+1", "'=1+1", "007", "NA", "", "a,b"]
    tables.write(tmp_path / "t.csv", pd.DataFrame({"category": names, "n": [1.0, None, 2.5, 0, 0, 0]}))
    assert tables.read(tmp_path / "t.csv")["category"].tolist() == names
    assert (tmp_path / "t.csv").read_text().splitlines()[1] == "=1+1,1.000000"
    assert tables.read(tmp_path / "t.csv")["n"].isna().tolist() == [False, True] + [False] * 4
