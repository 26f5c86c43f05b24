"""Losses with state: a subclass of ``TrainingLoss`` holds what outlasts a batch."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from spml.artifacts.codes import LossLabel
from spml.losses import running_maps
from spml.losses.assume_negative import an
from spml.losses.catalog import LOSSES
from spml.losses.large_loss import largest_losses
from spml.losses.primitives import is_known, sigmoid
from spml.losses.training_loss import Maps, RunContext, TrainingLoss


class _Role(TrainingLoss):
    """Estimates begin between ±logit(0.6), those of observed labels at logit(0.995) and logit(0.005)."""

    rate = 10.0

    def __init__(self, loss: Callable[..., Tensor], run: RunContext, hyperparameters: Mapping[str, Any]) -> None:
        super().__init__(loss, run, hyperparameters)
        labels = torch.cat(list(run.labels()))
        bound, certain = math.log(0.6 / 0.4), math.log(0.995 / 0.005)
        observed = torch.where(labels == LossLabel.PRESENT, certain, -certain)
        estimates = []
        for seed in run.seeds:
            generator = torch.Generator().manual_seed(seed)
            drawn = (2 * torch.rand(labels.shape, generator=generator) - 1).to(labels.device) * bound
            estimates.append(torch.where(is_known(labels), observed, drawn))
        self.parameters = {"estimates": torch.stack(estimates)}

    def __call__(self, logits: Tensor, labels: Tensor, rows: Tensor, maps: Maps | None = None) -> Tensor:
        return self.loss(logits, labels, self.parameters["estimates"][:, rows], **self.hyperparameters)


class _AsymmetricPseudoLabels(TrainingLoss):
    """After the warm-up, the least probable unobserved labels get their probability as a target, some each epoch."""

    OWN = ("theta", "warmup")
    STATE = ("soft",)
    scheduled = True

    def __init__(self, loss: Callable[..., Tensor], run: RunContext, hyperparameters: Mapping[str, Any]) -> None:
        super().__init__(loss, run, hyperparameters)
        self.unobserved = torch.cat(list(run.labels())) == LossLabel.UNOBSERVED
        # targets by candidate; -1: none yet
        self.soft = torch.full((len(run.seeds), *self.unobserved.shape), -1.0, device=self.unobserved.device)
        number = self.own["theta"] * self.unobserved.sum(0).double() / max(run.epochs - self.own["warmup"], 1)
        self.per_epoch = number.long()  # by category

    def __call__(self, logits: Tensor, labels: Tensor, rows: Tensor, maps: Maps | None = None) -> Tensor:
        return self.loss(logits, labels, self.soft[:, rows], **self.hyperparameters)

    def end_epoch(self, epoch: int, predictions: Callable[[], Iterator[Tensor]]) -> None:
        if not self.own["warmup"] <= epoch < self.run.epochs:  # after the last, nothing learns from them
            return
        probability = torch.sigmoid(torch.cat(list(predictions()), dim=1).to(self.soft.dtype))
        for candidate, soft in zip(probability, self.soft, strict=True):
            free = self.unobserved & (soft < 0)
            order = candidate.masked_fill(~free, torch.inf).argsort(dim=0, stable=True)
            rank = torch.arange(len(order), device=order.device).unsqueeze(1)
            lowest = torch.zeros_like(free).scatter_(0, order, rank < self.per_epoch) & free
            soft[lowest] = candidate[lowest]


class _LargeLoss(TrainingLoss):
    """ll_r and ll_ct: the share grows by delta percent per epoch, from none in the first."""

    OWN = ("delta", "boost")
    scheduled = True

    def __init__(self, loss: Callable[..., Tensor], run: RunContext, hyperparameters: Mapping[str, Any]) -> None:
        super().__init__(loss, run, hyperparameters)
        self.hyperparameters["share"] = 0.0
        self.delta = self.own["delta"] / 100

    def start_epoch(self, epoch: int) -> None:
        self.hyperparameters["share"] = (epoch - 1) * self.delta


class _PermanentCorrection(_LargeLoss):
    """ll_cp: the same share in each epoch but the first; what is strictly above the smallest stays corrected."""

    STATE = ("corrected",)

    def __init__(self, loss: Callable[..., Tensor], run: RunContext, hyperparameters: Mapping[str, Any]) -> None:
        super().__init__(loss, run, hyperparameters)
        corrected = torch.cat([torch.zeros_like(labels, dtype=torch.bool) for labels in run.labels()])
        self.corrected = corrected.repeat(len(run.seeds), 1, 1)

    def start_epoch(self, epoch: int) -> None:
        self.hyperparameters["share"] = self.delta * (epoch > 1)

    def __call__(self, logits: Tensor, labels: Tensor, rows: Tensor, maps: Maps | None = None) -> Tensor:
        labels = torch.where(self.corrected[:, rows], LossLabel.PRESENT, labels)
        self.corrected[:, rows] |= largest_losses(logits, labels, self.hyperparameters["share"])[1]
        return super().__call__(logits, labels, rows)


class _GeneralisedRobust(TrainingLoss):
    """gr and gpr: w and b move from their first to their second value by (e - 1) / E, mu and sigma by e / E."""

    scheduled = True

    def __init__(self, loss: Callable[..., Tensor], run: RunContext, hyperparameters: Mapping[str, Any]) -> None:
        super().__init__(loss, run, hyperparameters)
        self.ranges = {name: hyperparameters[name] for name in ("w", "b", "mu", "sigma")}

    def start_epoch(self, epoch: int) -> None:
        for name, (first, second) in self.ranges.items():
            progress = (epoch - 1 if name in ("w", "b") else epoch) / self.run.epochs
            self.hyperparameters[name] = first + (second - first) * progress


class _SelfPacedCorrection(TrainingLoss):
    """splc: nothing is corrected during the warm-up."""

    OWN = ("tau", "warmup")
    scheduled = True

    def start_epoch(self, epoch: int) -> None:
        self.hyperparameters["tau"] = self.own["tau"] if epoch > self.own["warmup"] else 1.0


class _ClassAwareSelective(TrainingLoss):
    """csl: the warm-up trains with assume negative; the mean probabilities at its end are the priors from then on.

    The warm-up takes the sum of assume negative, as csl is a sum: Adam remembers the size of gradients.
    """

    OWN = ("warmup",)
    STATE = ("prior",)
    scheduled = True

    def __init__(self, loss: Callable[..., Tensor], run: RunContext, hyperparameters: Mapping[str, Any]) -> None:
        super().__init__(loss, run, hyperparameters)
        self.prior: Tensor | None = None  # [C, L]

    def __call__(self, logits: Tensor, labels: Tensor, rows: Tensor, maps: Maps | None = None) -> Tensor:
        if self.prior is None:
            return an(logits, labels) * labels.numel()
        return self.loss(logits, labels, self.prior.to(logits.device), **self.hyperparameters)

    def end_epoch(self, epoch: int, predictions: Callable[[], Iterator[Tensor]]) -> None:
        if epoch == self.own["warmup"]:
            total, count = torch.zeros(()), 0
            for block in predictions():
                total = total.to(block.device) + torch.sigmoid(block).double().sum(1)
                count += block.shape[1]
            self.prior = (total / count).float()

    def state_shapes(self, epoch: int) -> dict[str, tuple[int | None, ...]]:
        categories = next(iter(self.run.labels())).shape[1]
        return {"prior": (len(self.run.seeds), categories)} if epoch >= self.own["warmup"] else {}


class _Ramp(TrainingLoss):
    """pseudo_label: alpha is 0 during the warm-up, then grows in equal steps over ``ramp`` epochs."""

    OWN = ("alpha", "warmup", "ramp")
    scheduled = True

    def start_epoch(self, epoch: int) -> None:
        warmup, ramp = self.own["warmup"], self.own["ramp"]
        progress = (epoch - 1 - warmup) / ramp if ramp else float(epoch > warmup)
        self.hyperparameters["alpha"] = self.own["alpha"] * min(max(progress, 0.0), 1.0)


class _ExpectedNegatives(TrainingLoss):
    """expected_negatives: a running mean of f by training row, from the batches of each epoch; none before the second.

    During the warm-up unobserved labels count as absent: with a k of 0, none is left out.
    """

    OWN = ("momentum", "warmup")
    STATE: tuple[str, ...] = ("running",)
    scheduled = True

    def __init__(self, loss: Callable[..., Tensor], run: RunContext, hyperparameters: Mapping[str, Any]) -> None:
        super().__init__(loss, run, hyperparameters)
        self.settled = self.hyperparameters
        means = torch.cat([torch.zeros_like(labels, dtype=torch.float32) for labels in run.labels()])
        self.running = means.repeat(len(run.seeds), 1, 1)
        self.kept = 0.0

    def start_epoch(self, epoch: int) -> None:
        self.kept = self.own["momentum"] if epoch > 1 else 0.0
        self.hyperparameters = self.settled if epoch > self.own["warmup"] else dict.fromkeys(self.settled, 0.0)

    def __call__(self, logits: Tensor, labels: Tensor, rows: Tensor, maps: Maps | None = None) -> Tensor:
        return self.loss(logits, labels, self.remember(logits, rows), **self.hyperparameters)

    def remember(self, logits: Tensor, rows: Tensor) -> Tensor:
        """Return the running means [C, B, L] of some rows, and take a batch into them."""
        before = self.running[:, rows]
        self.running[:, rows] = self.kept * before + (1 - self.kept) * torch.sigmoid(logits.detach()).to(
            self.running.dtype
        )
        return before


class _SpatialConsistency(_ExpectedNegatives):
    """spatial_consistency: a running mean of score maps as well, float16, in main memory.

    Beyond a limit of memory an image keeps the maps of the categories with the highest running means of f alone: ``index``
    int32 [C, N, K] names them, in order; None where all are kept. Without maps it is expected_negatives, as for the head that
    is trained on frozen features first.
    """

    STATE = ("running", "maps", "index")
    needs_maps = True

    def __init__(self, loss: Callable[..., Tensor], run: RunContext, hyperparameters: Mapping[str, Any]) -> None:
        super().__init__(loss, run, hyperparameters)
        self.maps: Tensor | None = None  # [C, N, K, G, G], from the first batch on
        self.index: Tensor | None = None

    def __call__(self, logits: Tensor, labels: Tensor, rows: Tensor, maps: Maps | None = None) -> Tensor:
        before = self.remember(logits, rows)
        if maps is None:
            return self.loss(logits, labels, before, torch.zeros_like(before), **self.hyperparameters)
        scores = sigmoid(maps.values)
        past = self._past(rows, scores.detach())
        shown = running_maps.to_view(past, maps.box, maps.flipped)
        shown = torch.where(shown.isnan(), scores.detach(), shown)  # a cell without a past has no distance
        distances = (scores - shown).abs().mean((-2, -1))
        new = running_maps.to_image(scores.detach(), maps.box, maps.flipped)
        self._keep(rows, running_maps.updated(past, new, self.kept))
        return self.loss(logits, labels, before, distances, **self.hyperparameters)

    def state_shapes(self, epoch: int) -> dict[str, tuple[int | None, ...]]:
        running = tuple(self.running.shape)
        return {"running": running} | ({"maps": (*running[:2], None, None, None)} if epoch else {})

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        large = {name: state[name].cpu() for name in ("maps", "index") if name in state}
        super().load_state({**state, **large})

    def _past(self, rows: Tensor, scores: Tensor) -> Tensor:
        """Return the running maps of some rows, with all categories, NaN where there is none: [C, B, L, G, G] as ``scores``."""
        candidates, images, categories = self.running.shape
        side = scores.shape[-1]
        if self.maps is None:
            kept = running_maps.kept_categories(candidates * images, categories, side)
            self.maps = torch.full((candidates, images, kept, side, side), torch.nan, dtype=torch.float16)
            if kept < categories:
                self.index = torch.arange(kept, dtype=torch.int32).repeat(candidates, images, 1)
        maps = self.maps[:, rows.to(self.maps.device)].to(scores)
        if self.index is None:
            return maps
        index = self.index[:, rows.to(self.index.device)].to(scores.device, torch.int64)
        return torch.full_like(scores, torch.nan).scatter_(2, index[..., None, None].expand_as(maps), maps)

    def _keep(self, rows: Tensor, maps: Tensor) -> None:
        """Store running maps [C, B, L, G, G] of some rows, those of the likeliest categories."""
        assert self.maps is not None
        rows_here = rows.to(self.maps.device)
        if self.index is not None:
            order = self.running[:, rows].argsort(dim=-1, descending=True, stable=True)
            index = order[..., : self.maps.shape[2]].sort(dim=-1).values.to(maps.device)
            self.index[:, rows_here] = index.to(self.index)
            maps = maps.gather(2, index[..., None, None].expand(*index.shape, *maps.shape[-2:]))
        self.maps[:, rows_here] = maps.to(self.maps)


STATEFUL: dict[str, type[TrainingLoss]] = {
    "role": _Role,
    "em_apl": _AsymmetricPseudoLabels,
    "ll_r": _LargeLoss,
    "ll_ct": _LargeLoss,
    "ll_cp": _PermanentCorrection,
    "gr": _GeneralisedRobust,
    "gpr": _GeneralisedRobust,
    "splc": _SelfPacedCorrection,
    "csl": _ClassAwareSelective,
    "pseudo_label": _Ramp,
    "expected_negatives": _ExpectedNegatives,
    "spatial_consistency": _SpatialConsistency,
}


def make_loss(name: str, hyperparameters: Mapping[str, Any], run: RunContext) -> TrainingLoss:
    """Return the loss of that name for one training run; hyperparameters that are not named have their defaults."""
    loss = LOSSES[name]
    return STATEFUL.get(name, TrainingLoss)(loss.function, run, {**loss.defaults(), **hyperparameters})
