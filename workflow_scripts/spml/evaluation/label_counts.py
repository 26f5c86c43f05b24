"""The counts, precision and recall of one set of pseudo-labels: a row of tables/label_counts.csv."""

import numpy as np

from spml.artifacts.codes import ObservedLabel, PseudoLabel, TrueLabel
from spml.evaluation.confusion import confusion, ratio, soft_positives


def count(pseudo: np.ndarray, observed: np.ndarray, true: np.ndarray) -> dict[str, float]:
    """Return the counts of pseudo-labels against observed and true labels.

    Precision and recall are fractions of the entries whose true label is known, and NaN where none of these is
    pseudo-labelled or present. ``precision_unobserved`` and ``recall_unobserved`` are over the unobserved entries alone.

    Parameters
    ----------
    pseudo : int8 codes of ``PseudoLabel``, or float soft targets, which count by their value [N, L]
    observed : int8 codes of ``ObservedLabel`` [N, L]
    true : int8 codes of ``TrueLabel`` [N, L]
    """
    positive, unobserved = soft_positives(pseudo), observed == ObservedLabel.UNOBSERVED
    known = (true != TrueLabel.UNKNOWN).sum()
    every = confusion(positive, true)
    rest = confusion(positive, np.where(unobserved, true, TrueLabel.UNKNOWN))
    observed_present, labelled = observed == ObservedLabel.PRESENT, positive > 0
    return {
        "images": len(pseudo),
        "positives_per_image": float(ratio(positive.sum(), len(pseudo))),
        "ignored_per_image": float(ratio((pseudo == PseudoLabel.IGNORED).sum(), len(pseudo))),
        "true_positives_per_image": float(ratio(every.present, known / max(pseudo.shape[1], 1))),
        "known_share": float(ratio(known, true.size)),
        "precision": float(every.precision),
        "recall": float(every.recall),
        "precision_unobserved": float(rest.precision),
        "recall_unobserved": float(rest.recall),
        "observed_positives": int(observed_present.sum()),
        "observed_positives_lost": int((observed_present & ~labelled).sum()),
        "empty_images": int((~labelled).all(1).sum()),
    }
