"""Weights of a Hugging Face hub on the loopback interface, and what is said where it does not give them."""

import json
from pathlib import Path

import pytest

import loopback_hub
from spml.data import hub
from spml.features.libraries.catalog import Remote
from spml.runtime.errors import InputError

NAMES = ("model.safetensors", "pytorch_model.bin")


@pytest.fixture
def served(tmp_path, monkeypatch):
    """The folder of a hub with some repositories, which is served."""
    root = tmp_path / "hub/someone"
    for name in ("whole", "damaged", "old", "bare", "empty", "gated"):
        (root / name).mkdir(parents=True)
    for name in ("whole", "damaged", "bare"):
        (root / name / "model.safetensors").write_bytes(b"weights of " + name.encode())
    (root / "old/pytorch_model.bin").write_bytes(b"old weights")
    for name in ("whole", "damaged", "old"):
        (root / name / "config.json").write_text(json.dumps({"architecture": name}))
    (root / "empty/config.json").write_text("[]")
    with loopback_hub.serving(tmp_path / "hub", ["someone/gated"], []) as address:
        monkeypatch.setattr(hub, "ENDPOINT", address)
        yield root


def fetch(repository, folder, config="config.json"):
    return hub.fetch(Remote(repository=repository, names=NAMES, config=config), Path(folder), "backbones.own")


def test_weights_and_their_description_are_fetched(served, tmp_path):
    path, config, source = fetch("someone/whole@v2", tmp_path / "downloads")
    assert path.read_bytes() == b"weights of whole" and config == {"architecture": "whole"}
    assert source.endswith("/someone/whole@v2/model.safetensors")
    assert tmp_path / "downloads" in path.parents
    path, config, _ = fetch(
        "someone/old", tmp_path / "downloads", config=""
    )  # the second name, and known to the library
    assert path.name == "pytorch_model.bin" and config is None


def test_a_folder_in_the_layout_of_the_hub_is_read_where_it_lies(served, tmp_path):
    remote = Remote(folder=str(served / "whole"), names=NAMES, config="config.json")
    path, config, source = hub.fetch(remote, tmp_path / "downloads", "backbones.own")
    assert path == served / "whole/model.safetensors" and source == str(path) and config == {"architecture": "whole"}
    with pytest.raises(InputError, match=r"backbones.own.model: .*empty has none of model.safetensors"):
        hub.fetch(Remote(folder=str(served / "empty"), names=NAMES), tmp_path, "backbones.own")


@pytest.mark.parametrize(
    ("repository", "message"),
    [
        ("someone/gated", "its owner asks for a licence to be accepted first.*HF_TOKEN.*backbones.own.weights"),
        ("someone/none", "is not there, or not for you to see"),
        ("someone/whole@nowhere", "has no revision 'nowhere'"),
        ("someone/empty", "has none of model.safetensors, pytorch_model.bin"),
        ("someone/bare", "has no config.json; wanted a model that was saved by the library"),
        ("some one/whole", "backbones.own.model: found 'some one/whole', wanted name/name"),
    ],
)
def test_what_a_hub_does_not_give_is_told_with_what_to_do(served, tmp_path, repository, message):
    with pytest.raises(InputError, match=message):
        fetch(repository, tmp_path / "downloads")


def test_a_description_that_is_none_is_told(served, tmp_path):
    (served / "empty/model.safetensors").write_bytes(b"weights")
    with pytest.raises(InputError, match=r"config.json: found a list, wanted an object"):
        fetch("someone/empty", tmp_path / "downloads")
    (served / "whole/config.json").write_text("{")
    with pytest.raises(InputError, match=r"config.json: not JSON"):
        fetch("someone/whole", tmp_path / "downloads")


def test_another_checksum_than_that_of_the_hub_is_refused(tmp_path, monkeypatch):
    (tmp_path / "hub/someone/whole").mkdir(parents=True)
    (tmp_path / "hub/someone/whole/model.safetensors").write_bytes(b"weights")
    with loopback_hub.serving(tmp_path / "hub", damaged=["model.safetensors"]) as address:
        monkeypatch.setattr(hub, "ENDPOINT", address)
        with pytest.raises(InputError, match="found another sha256 than the hub's"):
            fetch("someone/whole", tmp_path / "downloads", config="")
    assert not list((tmp_path / "downloads").rglob("model.safetensors"))


def test_without_a_connection_a_way_around_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(hub, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(InputError, match=r"Without network: fetch model.safetensors by other means and name the file"):
        fetch("someone/whole", tmp_path / "downloads")
