import numpy as np
import pytest
import torch

from spml.features import text
from spml.runtime.errors import InputError

CATEGORIES = ["dining_table", "cat", "person"]


def test_names_are_those_of_the_file_and_else_the_categories():
    named = {"person": ["a person", "people"], "cat": "kitten"}
    assert text.names_of("n.yaml", named, CATEGORIES) == [["dining_table"], ["kitten"], ["a person", "people"]]
    assert text.names_of("n.yaml", {}, CATEGORIES) == [["dining_table"], ["cat"], ["person"]]


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (["cat"], r"n\.yaml: found list, wanted a category on each line"),
        ({"dog": "dog"}, r"n\.yaml: found category 'dog', wanted one of dining_table, cat, person"),
        ({3: "x"}, r"n\.yaml: found category '3', wanted one of"),
        ({"cat": []}, r"n\.yaml: cat: found \[\], wanted a category on each line"),
        ({"cat": ["kitten", 3]}, r"n\.yaml: cat: found \['kitten', 3\]"),
        ({"cat": None}, r"n\.yaml: cat: found None"),
        ({"cat": " "}, r"n\.yaml: cat: found ' '"),
    ],
)
def test_a_file_of_names_that_is_none_is_refused(named, message):
    with pytest.raises(InputError, match=message):
        text.names_of("n.yaml", named, CATEGORIES)


def test_every_prompt_is_filled_with_every_name():
    prompts = ["a photo of a {}.", "{} and {}"]
    assert text.filled(prompts, [["dining_table"], ["cat", "kitten"]]) == [
        ["a photo of a dining table.", "dining table and dining table"],
        ["a photo of a cat.", "cat and cat", "a photo of a kitten.", "kitten and kitten"],
    ]


def test_texts_of_a_category_are_averaged_at_unit_length():
    features = np.array([[3.0, 0], [0, 0.5], [0, 2]])
    found = text.averaged(features, [2, 1])
    assert found.dtype == np.float32
    assert found == pytest.approx(np.array([[1 / np.sqrt(2), 1 / np.sqrt(2)], [0, 1]]))


def test_texts_are_encoded_some_at_a_time_in_order(monkeypatch):
    class Model(torch.nn.Module):
        def encode_text(self, tokens):
            assert len(tokens) <= 2
            return tokens.double()

    monkeypatch.setattr(text, "TEXTS", 2)
    tokenize = lambda texts: torch.tensor([[len(entry)] for entry in texts])  # noqa: E731
    found = text.encoded(Model(), tokenize, ["a", "bb", "ccc", "d", "ee"])
    assert found.dtype == np.float32 and found.tolist() == [[1], [2], [3], [1], [2]]
