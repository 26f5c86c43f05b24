"""Columns of categories in tables for people."""

from spml.artifacts.spreadsheet import category_columns


def test_no_two_columns_share_a_name():
    others = ("image", "labels", "problem")
    names = ["red", "image", "category: image", "category: category: image", "=x", "'=x"]
    columns = category_columns(names, others)
    assert columns[:3] == ["red", "category: image", "category: category: image"]
    assert len({*columns, *others}) == len(names) + len(others)
