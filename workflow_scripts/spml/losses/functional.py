"""Losses for partially labelled images: logits and labels in, one loss per candidate out.

Every loss is a pure function of ``logits`` [..., N, L] (leading dimensions: stacked candidates) and ``labels``
[..., N, L], and returns [...]: the sum of its entries over N and L, divided by N·L, unless its docstring says
otherwise. What else it needs (targets, a share, parameters of an epoch) are further arguments. ``f = sigmoid(logits)``
and ``nl(x) = -log(x + 1e-5)``, the form used by Cole et al. 2021; 1 - f is computed as sigmoid(-logit), so that large
logits lose nothing. Autograd is the contract.

Labels are 1 present, 0 unobserved (where everything is known: absent), -1 known to be absent, IGNORED out of the loss.
A known negative adds nl(1 - f) to every loss. The losses in ACCEPTS_SOFT_TARGETS take targets in [0, 1], of a floating type, too.

What lasts longer than a batch (ROLE's estimates, parameters that change with the epoch) lies in an ``TrainingLoss``, one for
each training run: the loop calls ``start_epoch``, the loss itself for each batch, ``end_epoch``.
To add a loss: its function, its name in LOSSES, in STATEFUL if it has one, and its line in rules/config.schema.yaml.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

EPSILON = 1e-5
IGNORED = -2

# -- what the losses are made of


def _nl(logits: Tensor, epsilon: float = EPSILON) -> Tensor:
    """nl(sigmoid(logits)), value and gradient exact in float32 at both ends."""
    probability, rest = torch.sigmoid(logits), torch.sigmoid(-logits)
    return -torch.where(logits > 0, torch.log1p(epsilon - rest), torch.log(probability + epsilon))


def _sigmoid(logits: Tensor) -> Tensor:
    """f, with a gradient that is exact in float32 at both ends."""
    return torch.where(logits > 0, 1 - torch.sigmoid(-logits), torch.sigmoid(logits))


def _mean(entries: Tensor) -> Tensor:
    return entries.mean((-2, -1))


def _stop(value: Tensor) -> Tensor:
    """No gradient runs through this value."""
    return value.detach()


def _cross_entropy(targets: Tensor, logits: Tensor) -> Tensor:
    """t nl(f) + (1 - t) nl(1 - f)."""
    return targets * _nl(logits) + (1 - targets) * _nl(-logits)


def _known(logits: Tensor, labels: Tensor) -> Tensor:
    """nl(f) where present, nl(1 - f) where known to be absent, 0 elsewhere."""
    sign = torch.where(labels == 1, 1.0, -1.0).to(logits)
    return _nl(sign * logits) * (labels.abs() == 1)


def _excess(logits: Tensor, labels: Tensor, k: float) -> Tensor:
    """(mean over images of the expected number of positives - k)² / L², per candidate."""
    expected = (_sigmoid(logits) * (labels != IGNORED)).sum(-1).mean(-1)
    return (expected - k).square() / logits.shape[-1] ** 2


# -- all labels known


def bce(logits: Tensor, labels: Tensor) -> Tensor:
    """Binary cross-entropy, full supervision: nl(f) where present, nl(1 - f) where absent; for a target t their mix.

    Source: Cole et al. 2021, "Multi-Label Learning from Single Positive Labels", section 3.
    """
    if labels.is_floating_point():
        return _mean(_cross_entropy(labels, logits))
    return an(logits, labels)


def bce_ls(logits: Tensor, labels: Tensor, smoothing: float = 0.1) -> Tensor:
    """Binary cross-entropy with label smoothing, ``smoothing`` in full on both sides.

    Source: Cole et al. 2021, section 4.
    """
    if labels.is_floating_point():
        return _mean(_cross_entropy((1 - smoothing) * labels + smoothing * (1 - labels), logits))
    return an_ls(logits, labels, smoothing)


# -- only what is known counts


def iu(logits: Tensor, labels: Tensor) -> Tensor:
    """Ignore unobserved: nl(f) where observed present, nl(1 - f) where observed absent. Needs observed negatives.

    Source: Cole et al. 2021, section 3.
    """
    return _mean(_known(logits, labels))


def iun(logits: Tensor, labels: Tensor) -> Tensor:
    """Ignore unobserved, ideal: as iu, with every true negative given as known (-1).

    Source: Cole et al. 2021, section 3, the intended form: their code tests for a label that never occurs.
    """
    return iu(logits, labels)


def partial_bce(logits: Tensor, labels: Tensor) -> Tensor:
    """Partial binary cross-entropy, without nl: g(p) / L times the sum over known labels, mean over images.

    p is an image's share of known labels and g(p) = 5.45 - 4.45 p. Needs negatives: from positives alone it learns
    that everything is present.
    Source: Durand et al. 2019, "Learning a Deep ConvNet for Multi-label Classification with Partial Labels".
    """
    known = labels.abs() == 1
    sign = torch.where(labels == 1, 1.0, -1.0).to(logits)
    weight = 5.45 - 4.45 * known.to(logits).mean(-1, keepdim=True)
    return _mean(weight * known * softplus(-sign * logits))


# -- unobserved labels are taken as absent


def an(logits: Tensor, labels: Tensor) -> Tensor:
    """Assume negative: nl(f) where observed present, nl(1 - f) everywhere else.

    Source: Cole et al. 2021, equation 3.
    """
    sign = torch.where(labels == 1, 1.0, -1.0).to(logits)
    return _mean(_nl(sign * logits) * (labels != IGNORED))


def an_ls(logits: Tensor, labels: Tensor, smoothing: float = 0.1) -> Tensor:
    """Assume negative with label smoothing, ``smoothing`` in full on both sides; known negatives are not smoothed.

    Source: Cole et al. 2021, section 4.
    """
    sign = torch.where(labels == 1, 1.0, -1.0).to(logits)
    share = torch.where(labels == -1, 0.0, smoothing).to(logits)
    entries = (1 - share) * _nl(sign * logits) + share * _nl(-sign * logits)
    return _mean(entries * (labels != IGNORED))


def wan(logits: Tensor, labels: Tensor) -> Tensor:
    """Weak assume negative: as an, the unobserved labels weighted by 1 / (L - 1).

    Source: Cole et al. 2021, section 4 (after Mac Aodha et al. 2019).
    """
    unobserved = _nl(-logits) * (labels == 0) / max(logits.shape[-1] - 1, 1)
    return _mean(_known(logits, labels) + unobserved)


def pr(logits: Tensor, labels: Tensor) -> Tensor:
    """Pairwise ranking: for each observed positive, the sum over unobserved j of max(0, 1 - f + f_j).

    Source: Cole et al. 2021.
    """
    probability = _sigmoid(logits)
    rows, positives = (labels == 1).nonzero(as_tuple=True)
    margins = 1 - probability[..., rows, positives].unsqueeze(-1) + probability[..., rows, :]
    violations = (margins.clamp_min(0) * (labels[rows] == 0)).sum((-2, -1))
    negatives = (_nl(-logits) * (labels == -1)).sum((-2, -1))
    return (violations + negatives) / labels.numel()


def asl(
    logits: Tensor,
    labels: Tensor,
    gamma_negative: float = 4.0,
    gamma_positive: float = 1.0,
    clip: float = 0.05,
) -> Tensor:
    """Asymmetric loss, the sum over images and categories: focal weights without gradient, negatives shifted by clip.

    Source: Ridnik et al. 2021, "Asymmetric Loss For Multi-Label Classification", and its code (1e-8 inside the
    logarithms).
    """
    present, absent = torch.sigmoid(logits), torch.sigmoid(-logits)
    # log(f) as logsigmoid, exact at both ends, cut at 1e-8
    positive = logsigmoid(logits).clamp_min(math.log(1e-8)) * _stop(absent.pow(gamma_positive))
    shifted = (absent + clip).clamp(1e-8, 1)
    # log(1 - f + clip) is log1p(clip - f) where f is small
    logarithm = torch.where(present < 0.5, torch.log1p((clip - present).clamp_max(0)), torch.log(shifted))
    negative = logarithm * _stop((present - clip).clamp_min(0).pow(gamma_negative))
    entries = _nl(-logits) * (labels == -1) - positive * (labels == 1) - negative * (labels == 0)
    return entries.sum((-2, -1))


def clpl(logits: Tensor, labels: Tensor) -> Tensor:
    """Convex loss for partial labels, the sum over categories, mean over images; no epsilon.

    softplus(-mean logit of the observed positives) + the sum over the unobserved of softplus(logit).
    Source: Cour et al. 2011, "Learning from Partial Labels".
    """
    candidates = labels == 1
    count = candidates.sum(-1)
    mean = (logits * candidates).sum(-1) / count.clamp_min(1)
    others = softplus(logits) * (labels == 0) + _nl(-logits) * (labels == -1)
    return (softplus(-mean) * (count > 0) + others.sum(-1)).mean(-1)


# -- the number of positives is expected


def epr(logits: Tensor, labels: Tensor, k: float) -> Tensor:
    """Expected positive regularisation: nl(f) where observed present + (mean expected positives - k)² / L².

    Source: Cole et al. 2021, expected positive regularisation.
    """
    return _mean(_known(logits, labels)) + _excess(logits, labels, k)


def role(logits: Tensor, labels: Tensor, estimates: Tensor, k: float) -> Tensor:
    """Online label estimation: heads and ``estimates`` (logits [..., N, L] of e) learn from each other.

    ½ [nl(f) + nl(e) where observed present] + ½ [H(sg(e), f) + H(sg(f), e)] + ½ [R(f) + R(e)], R as in epr.
    Source: Cole et al. 2021, regularised online label estimation.
    """
    counted = labels != IGNORED
    positives = (_nl(logits) + _nl(estimates)) * (labels == 1)
    mutual = _cross_entropy(_stop(torch.sigmoid(estimates)), logits)
    mutual = mutual + _cross_entropy(_stop(torch.sigmoid(logits)), estimates)
    negatives = _nl(-logits) * (labels == -1)
    regulariser = _excess(logits, labels, k) + _excess(estimates, labels, k)
    return _mean(0.5 * (positives + mutual * counted) + negatives) + 0.5 * regulariser


# -- the unobserved are left open, reweighted or corrected


def em(logits: Tensor, labels: Tensor, alpha: float = 0.1) -> Tensor:
    """Entropy maximisation: nl(f) where observed present, -alpha · entropy(f) where unobserved.

    The gradient runs through both factors of the entropy; the loss can be negative.
    Source: Zhou et al. 2022, "Acknowledging the Unknown for Multi-label Learning with Single Positive Labels", section 3.
    """
    return _mean(_em_entries(logits, labels, alpha))


def _em_entries(logits: Tensor, labels: Tensor, alpha: float) -> Tensor:
    present, absent = torch.sigmoid(logits), torch.sigmoid(-logits)
    surprise_present, surprise_absent = _nl(logits), _nl(-logits)
    entropy = present * surprise_present + absent * surprise_absent
    known = torch.where(labels == 1, surprise_present, surprise_absent) * (labels.abs() == 1)
    return torch.where(labels == 0, -alpha * entropy, known)


def em_apl(logits: Tensor, labels: Tensor, soft: Tensor, alpha: float = 0.1, beta: float = 0.9) -> Tensor:
    """Entropy maximisation with asymmetric pseudo-labels: beta · H(t, f) in place of the entropy where t = soft >= 0.

    Source: Zhou et al. 2022, asymmetric pseudo-labelling.
    """
    entries = torch.where(
        (soft >= 0) & (labels == 0), beta * _cross_entropy(soft, logits), _em_entries(logits, labels, alpha)
    )
    return _mean(entries)


def ll_r(logits: Tensor, labels: Tensor, share: float) -> Tensor:
    """Large loss rejection: assume negative without epsilon; the largest losses of unobserved labels are dropped.

    ``share`` of N·L, rounded up, is how many; those equal to the smallest of them are dropped, too.
    Source: Kim et al. 2022, "Large Loss Matters in Weakly Supervised Multi-Label Classification".
    """
    large, _ = _large(logits, labels, share)
    return _mean(_plain(logits, labels) * ~large)


def ll_ct(logits: Tensor, labels: Tensor, share: float) -> Tensor:
    """Large loss correction, temporary: as ll_r, but what was dropped counts as present.

    Source: Kim et al. 2022.
    """
    large, _ = _large(logits, labels, share)
    return _mean(_plain(logits, torch.where(large, 1, labels)))


def ll_cp(logits: Tensor, labels: Tensor, share: float) -> Tensor:
    """Large loss correction, permanent: in one batch as ll_ct; the labels given hold what was corrected for good.

    Source: Kim et al. 2022.
    """
    return ll_ct(logits, labels, share)


def _plain(logits: Tensor, labels: Tensor) -> Tensor:
    """Binary cross-entropy with logits, unobserved labels as absent; known negatives by nl."""
    sign = torch.where(labels == 1, 1.0, -1.0).to(logits)
    entries = softplus(-sign * logits) * (labels >= 0)
    return entries + _nl(-logits) * (labels == -1)


def _large(logits: Tensor, labels: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """Where the loss of an unobserved label is at least, and above, the k-th largest of its candidate; bool."""
    labels = labels.expand_as(logits)
    unobserved = labels == 0
    count = math.ceil(round(share * labels.shape[-2:].numel(), 9))  # 0.1 + 0.2 must not round up
    count = min(count, labels.shape[-2:].numel())
    if count < 1:
        return torch.zeros_like(unobserved), torch.zeros_like(unobserved)
    losses = logits.detach().masked_fill(~unobserved, -torch.inf)  # the loss of a negative grows with its logit
    largest = losses.flatten(-2).topk(count).values
    last = unobserved.sum((-2, -1)).clamp(1, count) - 1
    smallest = largest.gather(-1, last.unsqueeze(-1)).unsqueeze(-1)
    return (losses >= smallest) & unobserved, (losses > smallest) & unobserved


def gr(
    logits: Tensor, labels: Tensor, w: float, b: float, mu: float, sigma: float, q2: float = 0.01, q3: float = 1.0
) -> Tensor:
    """Generalised robust loss: nl(f) with 1e-7 where observed present, for the unobserved a mix weighted by v(f).

    v [k (1 - f^q2) / q2 + (1 - k) (1 - (1 - f)^q3) / q3] with k = sigmoid(w f + b), v = exp(-½ ((f - mu) / sigma)²),
    no gradient through k and v.
    Source: Chen et al. 2024, "Boosting Single Positive Multi-label Classification with Generalized Robust Loss".
    """
    probability = _stop(torch.sigmoid(logits))
    k = torch.sigmoid(w * probability + b)
    v = torch.exp(-0.5 * ((probability - mu) / sigma).square())
    unobserved = v * (k * _power_loss(logits, q2) + (1 - k) * _power_loss(-logits, q3)) * (labels == 0)
    known = _nl(logits, 1e-7) * (labels == 1) + _nl(-logits) * (labels == -1)
    return _mean(known + unobserved)


def _power_loss(logits: Tensor, q: float) -> Tensor:
    """(1 - f^q) / q; its gradient through expm1 is exact only where f^q is not near 0."""
    logarithm = q * logsigmoid(logits)
    return torch.where(logarithm > -0.5, -torch.expm1(logarithm), 1 - torch.exp(logarithm)) / q


LOSSES: dict[str, Callable[..., Tensor]] = {
    "bce": bce,
    "bce_ls": bce_ls,
    "iun": iun,
    "iu": iu,
    "an": an,
    "an_ls": an_ls,
    "wan": wan,
    "pr": pr,
    "epr": epr,
    "role": role,
    "em": em,
    "em_apl": em_apl,
    "ll_r": ll_r,
    "ll_ct": ll_ct,
    "ll_cp": ll_cp,
    "gr": gr,
    "asl": asl,
    "partial_bce": partial_bce,
    "clpl": clpl,
}
ACCEPTS_SOFT_TARGETS = ("bce", "bce_ls")  # take targets between 0 and 1; want every label known
NEEDS_NEGATIVES = ("iun", "iu", "partial_bce")  # want negatives


# -- a loss in a training run


@dataclass(frozen=True)
class RunContext:
    """What a loss may know of the training run that it serves.

    ``seeds``: one for each candidate; ``epochs``: their number; ``labels``: blocks [n, L] of the training labels in
    order.
    """

    seeds: Sequence[int]
    epochs: int
    labels: Callable[[], Iterable[Tensor]]


class TrainingLoss:
    """A loss for the length of one training run; this one has no state.

    ``parameters`` are tensors [C, ...] that are trained along with the heads, at ``rate`` times their learning rate.
    """

    rate = 1.0

    def __init__(self, loss: Callable[..., Tensor], run: RunContext, parameters: Mapping[str, Any]) -> None:
        self.loss, self.run, self.hyperparameters = loss, run, dict(parameters)
        self.parameters: dict[str, Tensor] = {}

    def start_epoch(self, epoch: int) -> None:
        """Epochs count from 1."""

    def __call__(self, logits: Tensor, labels: Tensor, rows: Tensor) -> Tensor:
        """Losses [C] for logits [C, B, L] and labels [B, L] of the training rows with these numbers [B]."""
        return self.loss(logits, labels, **self.hyperparameters)

    def end_epoch(self, epoch: int, predictions: Callable[[], Iterator[Tensor]]) -> None:
        """``predictions`` yields logits [C, n, L] of all training rows in order, without dropout."""


class _Role(TrainingLoss):
    """The estimates begin between ±logit(0.6), observed labels at logit(0.995) and logit(0.005)."""

    rate = 10.0

    def __init__(self, loss: Callable[..., Tensor], run: RunContext, parameters: Mapping[str, Any]) -> None:
        super().__init__(loss, run, parameters)
        labels = torch.cat(list(run.labels()))
        bound, certain = math.log(0.6 / 0.4), math.log(0.995 / 0.005)
        estimates = []
        for seed in run.seeds:
            generator = torch.Generator().manual_seed(seed)
            drawn = (2 * torch.rand(labels.shape, generator=generator) - 1).to(labels.device) * bound
            estimates.append(torch.where(labels.abs() == 1, labels * certain, drawn))
        self.parameters = {"estimates": torch.stack(estimates)}

    def __call__(self, logits: Tensor, labels: Tensor, rows: Tensor) -> Tensor:
        return self.loss(logits, labels, self.parameters["estimates"][:, rows], **self.hyperparameters)


class _AsymmetricPseudoLabels(TrainingLoss):
    """After the warm-up, each epoch gives its share of unobserved labels, the least probable, their probability as target."""

    def __init__(self, loss: Callable[..., Tensor], run: RunContext, parameters: Mapping[str, Any]) -> None:
        self.theta, self.warmup = parameters["theta"], parameters["warmup"]
        rest = {key: value for key, value in parameters.items() if key not in ("theta", "warmup")}
        super().__init__(loss, run, rest)
        self.unobserved = torch.cat(list(run.labels())) == 0
        self.soft = torch.full((len(run.seeds), *self.unobserved.shape), -1.0, device=self.unobserved.device)
        number = self.theta * self.unobserved.sum(0).double() / max(run.epochs - self.warmup, 1)
        self.per_epoch = number.long()  # of each category

    def __call__(self, logits: Tensor, labels: Tensor, rows: Tensor) -> Tensor:
        return self.loss(logits, labels, self.soft[:, rows], **self.hyperparameters)

    def end_epoch(self, epoch: int, predictions: Callable[[], Iterator[Tensor]]) -> None:
        if not self.warmup <= epoch < self.run.epochs:  # after the last, nothing learns from them
            return
        probability = torch.sigmoid(torch.cat(list(predictions()), dim=1))
        for candidate, soft in zip(probability, self.soft, strict=True):
            free = self.unobserved & (soft < 0)
            order = candidate.masked_fill(~free, torch.inf).argsort(dim=0, stable=True)
            place = torch.arange(len(order), device=order.device).unsqueeze(1)
            lowest = torch.zeros_like(free).scatter_(0, order, place < self.per_epoch) & free
            soft[lowest] = candidate[lowest]


class _LargeLoss(TrainingLoss):
    """ll_r and ll_ct: the share grows by delta percent an epoch, from none in the first."""

    def __init__(self, loss: Callable[..., Tensor], run: RunContext, parameters: Mapping[str, Any]) -> None:
        super().__init__(loss, run, {"share": 0.0})
        self.delta = parameters["delta"] / 100

    def start_epoch(self, epoch: int) -> None:
        self.hyperparameters["share"] = (epoch - 1) * self.delta


class _LargeLossForGood(_LargeLoss):
    """ll_cp: the same share each epoch but the first; what is strictly above the smallest of them stays corrected."""

    def __init__(self, loss: Callable[..., Tensor], run: RunContext, parameters: Mapping[str, Any]) -> None:
        super().__init__(loss, run, parameters)
        corrected = torch.cat([torch.zeros_like(labels, dtype=torch.bool) for labels in run.labels()])
        self.corrected = corrected.repeat(len(run.seeds), 1, 1)

    def start_epoch(self, epoch: int) -> None:
        self.hyperparameters["share"] = self.delta * (epoch > 1)

    def __call__(self, logits: Tensor, labels: Tensor, rows: Tensor) -> Tensor:
        labels = torch.where(self.corrected[:, rows], 1, labels)
        self.corrected[:, rows] |= _large(logits, labels, self.hyperparameters["share"])[1]
        return super().__call__(logits, labels, rows)


class _GeneralisedRobust(TrainingLoss):
    """w and b move from their first to their second value by (e - 1) / E, mu and sigma by e / E."""

    def __init__(self, loss: Callable[..., Tensor], run: RunContext, parameters: Mapping[str, Any]) -> None:
        super().__init__(loss, run, parameters)
        self.ranges = {name: parameters[name] for name in ("w", "b", "mu", "sigma")}

    def start_epoch(self, epoch: int) -> None:
        for name, (first, second) in self.ranges.items():
            done = (epoch - 1 if name in ("w", "b") else epoch) / self.run.epochs
            self.hyperparameters[name] = first + (second - first) * done


STATEFUL: dict[str, type[TrainingLoss]] = {
    "role": _Role,
    "em_apl": _AsymmetricPseudoLabels,
    "ll_r": _LargeLoss,
    "ll_ct": _LargeLoss,
    "ll_cp": _LargeLossForGood,
    "gr": _GeneralisedRobust,
}


def make_loss(name: str, parameters: Mapping[str, Any], run: RunContext) -> TrainingLoss:
    """The loss of that name with its hyperparameters, for one training run."""
    return STATEFUL.get(name, TrainingLoss)(LOSSES[name], run, parameters)
