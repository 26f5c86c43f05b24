"""The paths of what training a backbone needs and leaves beside the files of every model, which plan/paths.py has."""

from plan.paths import DATASET, PART, W, results


def pictures(dataset: str = DATASET, backbone: str = W % "backbone", part: str = PART, shard: str = W % "shard") -> str:
    """Return the decoded pictures of one shard of a part, as a backbone wants them."""
    return results("pictures", backbone, part, f"{shard}.h5", dataset=dataset)


def candidate(dataset: str = DATASET, model: str = W % "model", candidate: str = W % "candidate") -> str:
    """Return the checkpoint of a candidate of a model."""
    return results(model, "candidates", candidate, "checkpoint.safetensors", dataset=dataset)


def candidate_history(dataset: str = DATASET, model: str = W % "model", candidate: str = W % "candidate") -> str:
    """Return the training history of a candidate of a model."""
    return results(model, "candidates", candidate, "history.csv", dataset=dataset)


def first_head(dataset: str = DATASET, model: str = W % "model") -> str:
    """Return the checkpoint of the head that a model of mode linear_init begins with."""
    return results(model, "linear_init", "checkpoint.safetensors", dataset=dataset)


def first_history(dataset: str = DATASET, model: str = W % "model") -> str:
    """Return the training history of the head that a model of mode linear_init begins with."""
    return results(model, "linear_init", "history.csv", dataset=dataset)
