"""The learning rates of ``learning_rates: auto``: a few at first, and more at the side where validation is best."""

from collections.abc import Mapping

LADDER = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5)  # at most three more on either side of the start
START = LADDER[3:6]


def next_rates(scores: Mapping[float, float]) -> tuple[float, ...]:
    """Return the learning rates to try after those in ``scores`` (rate to best validation mAP); none at the end.

    The first are ``START``. While the best (the highest of equals) is the lowest or highest of them, the next of the
    ladder at that side is tried, so that the outcome depends on the scores alone.
    """
    if not scores:
        return START
    best = max(scores, key=lambda rate: (scores[rate], rate))
    position = LADDER.index(best)
    beyond = [LADDER[other] for other in (position - 1, position + 1) if 0 <= other < len(LADDER)]
    return tuple(rate for rate in beyond if rate not in scores)


def edges(chosen: float, rates: Mapping[float, float] | tuple[float, ...]) -> list[str]:
    """Return whether the chosen learning rate is the lowest or highest of several, in words: none or one entry."""
    if len(rates) < 2:
        return []
    return [
        f"{word} learning rate" for word, edge in (("lowest", min(rates)), ("highest", max(rates))) if chosen == edge
    ]
