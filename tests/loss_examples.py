"""A batch that tests of several losses share, and what each loss needs besides logits and labels."""

import torch

from spml.losses.catalog import LOSSES
from spml.losses.stateful import STATEFUL

LOGITS = torch.tensor([[1.2, -0.7, 0.3], [-2.0, 0.5, 1.5]], dtype=torch.float64)
OBSERVED = torch.tensor([[1, 0, 0], [0, 0, 1]], dtype=torch.int8)
TRUE = torch.tensor([[1, 0, 1], [0, 1, 1]], dtype=torch.int8)
NEGATIVES = torch.tensor([[1, -1, 0], [0, -1, 1]], dtype=torch.int8)
TRUE_NEGATIVES = torch.where(TRUE == 0, -1, OBSERVED)
ESTIMATES = torch.tensor([[2, -0.3, 0.4], [-0.4, 0.1, 2.5]], dtype=torch.float64)
SOFT_NEGATIVES = torch.tensor([[-1, 0.12, -1], [0.03, -1, -1]], dtype=torch.float64)
RUNNING_MEANS = torch.tensor([[0.7, 0.4, 0.6], [0.2, 0.6, 0.3]], dtype=torch.float64)
DISTANCES = torch.tensor([[0.1, 0.3, 0.2], [0.5, 0.1, 0.4]], dtype=torch.float64)
PRIOR = torch.tensor([0.3, 0.6, 0.1], dtype=torch.float64)
GAMMAS = {"gamma_positive": 0, "gamma_negative": 1, "gamma_unobserved": 4}
ARGUMENTS = {
    "epr": {"k": 1.5},
    "role": {"k": 1.5, "estimates": ESTIMATES},
    "em_apl": {"soft": SOFT_NEGATIVES, "alpha": 0.1, "negative_weight": 0.03, "beta": 0.9},
    "ll_r": {"share": 0.2},
    "ll_ct": {"share": 0.2},
    "ll_cp": {"share": 0.2},
    "gr": {"w": 2, "b": -2, "mu": 0.8, "sigma": 0.5, "q2": 0.01, "q3": 1},
    "gpr": {"w": 2, "b": -2, "mu": 0.8, "sigma": 0.5, "q2": 0.01, "q3": 1}
    | {"lowest": 0.5, "highest": 0.7, "smoothing": 0.1, "k": 1.5, "regularisation": 0.001},
    "splc": {"margin": 1, "gamma": 2, "tau": 0.6},
    "csl": {"prior": PRIOR, "eta": 0.5, "likely": 1, **GAMMAS},
    "pseudo_label": {"tau": 0.5, "alpha": 1.5, "assumed": 1},
    "expected_negatives": {"running": RUNNING_MEANS, "k": 1.5, "consistency": 2},
    "spatial_consistency": {"running": RUNNING_MEANS, "distances": DISTANCES, "k": 1.5, "consistency": 2, "weight": 3},
}


def compute(name, logits, labels, **changes):
    """Return the loss with its defaults, or with the values of one batch where it has state."""
    defaults = {} if name in STATEFUL else LOSSES[name].defaults()
    return LOSSES[name].function(logits, labels, **(defaults | ARGUMENTS.get(name, {}) | changes))
