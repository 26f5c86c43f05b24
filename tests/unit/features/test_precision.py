import numpy as np
import pytest
import torch
from torch import nn

from spml.features import precision
from spml.features.devices import choose_precision

onednn = pytest.mark.skipif(not torch.ops.mkldnn._is_mkldnn_bf16_supported(), reason="oneDNN has no bfloat16 here")


class Small(nn.Module):
    """What backbones are made of, a layer used twice among it."""

    def __init__(self, traceable=True):
        super().__init__()
        self.traceable = traceable
        self.first, self.norm = nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.relu, self.deep = nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.same, self.clipped = nn.Conv2d(8, 8, 3, padding="same"), nn.ReLU6()
        self.last = nn.Linear(8, 5)

    def forward(self, values):
        if not self.traceable and values.sum() > 1e9:  # depends on values: cannot be traced
            return values
        values = self.relu(self.norm(self.first(values)))
        values = values + self.clipped(self.deep(values))
        values = self.relu(self.same(values))
        return self.last(values.mean((2, 3)))


def small(**options):
    torch.manual_seed(0)
    model = Small(**options).eval().requires_grad_(False)
    model.norm.running_mean.uniform_(-1, 1)
    model.norm.running_var.uniform_(0.5, 2)
    return model


def test_rounded_filters_keep_their_sums():
    weight = torch.randn(16, 64, 3, 3, generator=torch.Generator().manual_seed(0))
    found = precision.rounded(weight)
    assert found.dtype == torch.bfloat16 and found.shape == weight.shape
    apart = (found.float() - weight).flatten(1)
    assert apart.abs().max() < weight.abs().max() / 64
    plain = (weight.bfloat16().float() - weight).flatten(1)
    assert apart.sum(1).abs().mean() < plain.sum(1).abs().mean() / 4


@pytest.mark.parametrize("traceable", [True, False])
def test_a_converted_model_gives_what_it_gave(traceable):
    model = small(traceable=traceable)
    values = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        wanted = model(values)
        found = precision.convert(model, "cpu")(values.bfloat16())
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), wanted, rtol=0.03, atol=0.03)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())  # a copy was converted


@onednn
def test_convolutions_take_their_activation_along():
    converted = precision.convert(small(), "cpu")
    found = {name: layer.activation[0] for name, layer in converted.named_modules() if hasattr(layer, "activation")}
    assert sorted(found.values()) == ["hardtanh", "relu"]  # padding "same" stays as it is
    assert all(layer.bias.dtype == torch.float32 for layer in converted.modules() if hasattr(layer, "activation"))
    assert "relu6" not in str(converted.graph) and "clipped" not in str(converted.graph)


def test_auto_follows_what_the_processor_says(monkeypatch):
    for able, wanted in (
        ({"avx512_bf16": True, "cpu_name": "AMD EPYC"}, "bfloat16"),
        ({"avx512_bf16": True, "cpu_name": "Intel Xeon"}, "float32"),
        ({"avx512_bf16": True, "amx_bf16": True, "cpu_name": "Intel Xeon"}, "bfloat16"),
        ({}, "float32"),
    ):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda able=able: able)
        assert choose_precision("auto", "cpu") == wanted
    for named in ("float32", "bfloat16"):
        assert choose_precision(named, "cpu") == named


def test_numbers_survive():
    assert np.isfinite(precision.rounded(torch.full((2, 5), 1e-30)).float().numpy()).all()
