"""Checks of the section review against the rest of the configuration: one line per mistake."""

from collections.abc import Iterator

from plan.errors import unknown
from plan.experiment import Experiment, parse_reference, variants_of


def review(experiment: Experiment) -> Iterator[str]:
    """Yield pseudo-labels, replicates and numbers of answers that a review cannot ask about or simulate."""
    options = experiment.review
    if options.pseudo_labels:
        name, variant = parse_reference(options.pseudo_labels)
        yield from unknown("review.pseudo_labels", name, list(experiment.pseudo_labels))
        if entry := experiment.pseudo_labels.get(name):
            known = variants_of(entry)
            if variant and variant not in known:
                wanted = ", ".join(text.removeprefix("tau_") for text in known)
                yield f"review.pseudo_labels: found {options.pseudo_labels!r}, wanted {name}@ and one of {wanted}"
    if options.seed is not None and options.seed not in experiment.seeds:
        yield f"review.seed: found {options.seed}, wanted one of the seeds, {', '.join(map(str, experiment.seeds))}"
    if options.simulated_student:
        yield from unknown("review.simulated_student", options.simulated_student, list(experiment.students))
    numbers = options.simulated_answers
    if numbers[0] != 0 or numbers != sorted(numbers):
        yield f"review.simulated_answers: found {numbers}, wanted rising numbers, the first of them 0"
