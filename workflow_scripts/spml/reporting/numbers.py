"""Numbers as people read them in the report, the figures and the model card."""

import pandas as pd

MISSING = "–"  # in place of a number that is unknown or undefined


def number(value: float, form: str = ".2f") -> str:
    """Return a number in the given format, with the sign of minus (U+2212)."""
    return MISSING if pd.isna(value) else f"{value:{form}}".replace("-", "−")


def percent(fraction: float) -> str:
    """Return a fraction as percent, without the sign."""
    return number(100 * fraction, ".1f")


def mean_std(mean: float, std: float, form: str = ".2f") -> str:
    """Return ``mean ± std``, or the mean alone where the std is NaN, as it is for one replicate."""
    text = number(mean, form)
    return text if pd.isna(mean) or pd.isna(std) else f"{text} ± {number(std, form)}"


def interval(low: float, high: float, form: str = ".2f") -> str:
    """Return the two ends of an interval."""
    return MISSING if pd.isna(low) else f"{number(low, form)} to {number(high, form)}"


def replicates(count: int, over: str = "mean of") -> str:
    """Return the number of replicates in words: mean of 3 replicates, one replicate."""
    return f"{over} {count} replicates" if count > 1 else "one replicate"


def duration(seconds: float) -> str:
    """Return a duration: 3.2 s, 4 min 05 s, 2 h 07 min."""
    if pd.isna(seconds):
        return MISSING
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
