"""The names that figures, tables and pages show."""

from plan.experiment import Experiment, as_list, parse_reference, tau_of

TRUE_LABELS = "(true labels)"  # after the name of a method that was given them
NO_LABELS = "(no labels)"  # after the name of a teacher that compares pictures with texts


def names(experiment: Experiment) -> dict[str, str]:
    """Return the names of teachers, students and pseudo-labels by kind/name; one that has no label keeps its name.

    Methods that were given true labels are marked, and teachers that were given none. Pseudo-labels bear the name of the students that follow them: those of
    the figures, or the only ones.
    """
    shown = dict(experiment.display_names)
    for method in given_truth(experiment):
        shown[method] = f"{shown.get(method, method.partition('/')[2])} {TRUE_LABELS}"
    for name in experiment.text_teachers:
        shown[f"teachers/{name}"] = f"{shown.get(f'teachers/{name}', name)} {NO_LABELS}"
    for pseudo_labels in experiment.pseudo_labels:
        followers = [name for name, entry in experiment.students.items() if entry.pseudo_labels == pseudo_labels]
        first = experiment.figures.students
        if first in followers or len(followers) == 1:
            label = shown.get(f"students/{first if first in followers else followers[0]}")
            shown |= {f"pseudo_labels/{pseudo_labels}": label} if label else {}
    return {key: shown[key] for key in sorted(shown)}


def given_truth(experiment: Experiment) -> list[str]:
    """Return the methods that learn from true labels, by kind/name: teachers with them, and students of such teachers."""
    found = {f"teachers/{name}" for name in experiment.fully_supervised}
    for _ in experiment.students:  # a student may be the teacher of the next one
        for name, entry in experiment.students.items():
            references = as_list(experiment.pseudo_labels[entry.pseudo_labels].teacher)
            if found & {method(reference) for reference in references}:
                found.add(f"students/{name}")
    return sorted(found)


def method(reference: str) -> str:
    """Return kind/name of a model that is named by reference."""
    name, variant = parse_reference(reference)
    return f"{'students' if variant else 'teachers'}/{name}"


def name(experiment: Experiment, reference: str) -> str:
    """Return the name of a model that is named by reference, with its τ: Entropy maximisation, paper τ 0.75."""
    plain, variant = parse_reference(reference)
    label = names(experiment).get(method(reference), plain)
    return f"{label} τ {tau_of(variant)}" if tau_of(variant) else label
