"""The path of every artifact: one function per pattern, for the plan with values, for the rules with wildcards.

A rule names its outputs as text, and its inputs by these functions. Arguments that are left out stay wildcards.
"""

import os

W = "{%s}"  # a wildcard of Snakemake
DATASET, PART, SPLIT, SEED = W % "dataset", W % "part", W % "split", W % "seed"


def results(*names: str, dataset: str = DATASET) -> str:
    """Return a path among the results of a data set."""
    return "/".join(("results", dataset, *names))


COMPARED = "<compared>"  # a pathvar of Snakemake: the folder of what depends on the methods that are compared


def compared(dataset: str = DATASET, experiment: str = "") -> str:
    """Return the folder of what depends on the methods that are compared: of a named experiment it is one of its own."""
    return results(*(("experiments", experiment) if experiment else ()), dataset=dataset)


SHARED = ("benchmarks", "logs", "packages", "weights")  # folders in resources/ that belong to no data set


def resources(*names: str, dataset: str = DATASET) -> str:
    """Return a path among the files that are fetched, drawn or converted for a data set."""
    return "/".join(("resources", dataset, *names))


# -- what a data set is made of


def demo_annotations(dataset: str = DATASET, part: str = PART) -> str:
    """Return the annotations of a drawn part; its pictures lie in the folder of its name beside them."""
    return resources(f"{part}.json", dataset=dataset)


def fetched(dataset: str = DATASET, archive: str = W % "archive") -> str:
    """Return the listing that stands for the unpacked files of an archive."""
    return resources("fetched", f"{archive}.csv", dataset=dataset)


def converted(dataset: str = DATASET, reader: str = W % "reader", part: str = PART, ending: str = W % "ending") -> str:
    """Return the annotations that a reader made of another layout."""
    return resources(reader, f"{part}.{ending}", dataset=dataset)


def converted_left_out(
    dataset: str = DATASET, reader: str = W % "reader", part: str = PART, ending: str = W % "ending"
) -> str:
    """Return the files that a reader left out, with the reasons."""
    return resources(reader, "left_out", f"{part}.{ending}.csv", dataset=dataset)


def annotations(dataset: str = DATASET, part: str = PART) -> str:
    """Return what was read of the annotations of a part."""
    return results("annotations", f"{part}.h5", dataset=dataset)


def left_out(dataset: str = DATASET, part: str = PART) -> str:
    """Return the files of a part that are left out, with the reasons."""
    return results("images", f"{part}_left_out.csv", dataset=dataset)


def images(dataset: str = DATASET, part: str = PART) -> str:
    """Return the manifest of a part."""
    return results("images", f"{part}.csv", dataset=dataset)


def shard_images(dataset: str = DATASET, part: str = PART, shard: str = W % "shard") -> str:
    """Return the manifest of one shard of a part."""
    return results("images", part, f"{shard}.csv", dataset=dataset)


def labels(dataset: str = DATASET, part: str = PART) -> str:
    """Return the true labels of a part."""
    return results("labels", f"{part}.h5", dataset=dataset)


def labels_check(dataset: str = DATASET) -> str:
    """Return the mark of check_labels: the labels are enough to train models and to select among them."""
    return results("checks", "labels.txt", dataset=dataset)


def observation_weights(dataset: str = DATASET, sampling: str = W % "sampling") -> str:
    """Return the weights that observed labels are drawn by."""
    return results("observed", f"weights_{sampling}.h5", dataset=dataset)


def observed(dataset: str = DATASET, seed: str | int = SEED) -> str:
    """Return the observed labels of a replicate: the single-positive label matrix."""
    return results("observed", f"seed_{seed}.h5", dataset=dataset)


def pool_observed(dataset: str = DATASET) -> str:
    """Return the observed labels of the pool: the answers of people about its pictures."""
    return results("observed", "pool.h5", dataset=dataset)


def priors(dataset: str = DATASET, seed: str | int = SEED) -> str:
    """Return the class priors of a replicate."""
    return results("priors", f"seed_{seed}.csv", dataset=dataset)


# -- features


def weights(backbone: str = W % "backbone") -> str:
    """Return the weights of a backbone that rule fetch_weights makes."""
    return f"resources/weights/{backbone}.safetensors"


def shard_features(
    dataset: str = DATASET, backbone: str = W % "backbone", part: str = PART, shard: str = W % "shard"
) -> str:
    """Return the features of one shard of a part; of a file of the user's, ``rows_`` comes before its number."""
    return results("features", backbone, part, f"{shard}.h5", dataset=dataset)


def matched_rows(dataset: str = DATASET, backbone: str = W % "backbone", part: str = PART) -> str:
    """Return which row of a file of the user's each image of a part has."""
    return results("features", backbone, part, "matched_rows.h5", dataset=dataset)


def features(dataset: str = DATASET, backbone: str = W % "backbone", part: str = PART) -> str:
    """Return the features of a part."""
    return results("features", backbone, f"{part}.h5", dataset=dataset)


def mapped_features(
    dataset: str = DATASET, backbone: str = W % "backbone", kernel: str = W % "kernel", part: str = PART
) -> str:
    """Return the kernel between the images of a part and the landmarks."""
    return results("features", backbone, kernel, f"{part}.h5", dataset=dataset)


def landmarks(dataset: str = DATASET, backbone: str = W % "backbone", kernel: str = W % "kernel") -> str:
    """Return the landmarks of a kernel."""
    return results("features", backbone, kernel, "landmarks.h5", dataset=dataset)


def decomposition(dataset: str = DATASET, backbone: str = W % "backbone", kernel: str = W % "kernel") -> str:
    """Return the eigenvectors of the features, or kernel values, of the training rows."""
    return results("features", backbone, kernel, "decomposition.h5", dataset=dataset)


# -- models; a model is a folder: teachers/em/seed_1200, students/paper/seed_1200/tau_0.75, teachers/clip/all_seeds

SHARED_MODEL = "all_seeds"


def text_features(dataset: str = DATASET, teacher: str = W % "teacher") -> str:
    """Return the features of the texts of a teacher."""
    return results("text", f"{teacher}.h5", dataset=dataset)


def model(name: str, variant: str, seed: str | int) -> str:
    """Return the folder of a teacher, or of a student where there is a variant."""
    return f"students/{name}/seed_{seed}/{variant}" if variant else f"teachers/{name}/seed_{seed}"


def text_model(name: str = W % "teacher") -> str:
    """Return the folder of a teacher that is not trained: all replicates share it."""
    return f"teachers/{name}/{SHARED_MODEL}"


def model_parts(model: str) -> tuple[str, str, str]:
    """Return kind, name and seed of the model in a folder; ``SHARED_MODEL`` in place of the seed of one that all share."""
    kind, name, seed = model.split("/")[:3]
    return kind, name, seed.removeprefix("seed_")


def checkpoint(dataset: str = DATASET, model: str = W % "model") -> str:
    """Return the checkpoint of a model."""
    return results(model, "checkpoint.safetensors", dataset=dataset)


def history(dataset: str = DATASET, model: str = W % "model") -> str:
    """Return the training history of a model."""
    return results(model, "history.csv", dataset=dataset)


def logits(dataset: str = DATASET, model: str = W % "model", split: str = SPLIT) -> str:
    """Return the logits of a model on a split."""
    return results(model, f"logits_{split}.h5", dataset=dataset)


def metrics(dataset: str = DATASET, model: str = W % "model") -> str:
    """Return the metrics of a model."""
    return results("metrics", f"{model}.json", dataset=dataset)


def pseudo_labels(
    dataset: str = DATASET,
    pseudo_labels: str = W % "pseudo_labels",
    seed: str | int = SEED,
    variant: str = W % "variant",
) -> str:
    """Return one set of pseudo-labels."""
    return results("pseudo_labels", pseudo_labels, f"seed_{seed}", f"{variant}.h5", dataset=dataset)


# -- what people look at


def table(name: str, compared: str = COMPARED) -> str:
    """Return a table over all models or all pseudo-labels; ``compared`` is the folder of an experiment."""
    return f"{compared}/tables/{name}.csv"


def figure(name: str, compared: str = COMPARED, ending: str = "svg") -> str:
    """Return a figure of an experiment."""
    return f"{compared}/figures/{name}.{ending}"


def report(compared: str = COMPARED) -> str:
    """Return the report of an experiment."""
    return f"{compared}/report.html"


def summary(compared: str = COMPARED) -> str:
    """Return the summary that the terminal shows after a run."""
    return f"{compared}/summary.txt"


def provenance(compared: str = COMPARED) -> str:
    """Return the provenance of the results of an experiment."""
    return f"{compared}/provenance.json"


def shared_table(name: str, dataset: str = DATASET) -> str:
    """Return a table that all experiments of a data set share."""
    return results("tables", f"{name}.csv", dataset=dataset)


def shared_figure(name: str, dataset: str = DATASET, ending: str = "svg") -> str:
    """Return a figure that all experiments of a data set share."""
    return results("figures", f"{name}.{ending}", dataset=dataset)


def thumbnails(dataset: str = DATASET, part: str = PART) -> str:
    """Return the folder of the gallery's small pictures of a part."""
    return results("gallery", "thumbnails", part, dataset=dataset)


def gallery(dataset: str = DATASET, pseudo_labels: str = W % "pseudo_labels", seed: str | int = SEED) -> str:
    """Return the gallery of one replicate of pseudo-labels."""
    return results("gallery", f"{pseudo_labels}_seed_{seed}.html", dataset=dataset)


def export(
    dataset: str = DATASET,
    pseudo_labels: str = W % "pseudo_labels",
    seed: str | int = SEED,
    variant: str = W % "variant",
    format: str = W % "format",
) -> str:
    """Return the folder of an export of pseudo-labels."""
    return results("exports", pseudo_labels, f"seed_{seed}", variant, format, dataset=dataset)


def feature_export(dataset: str = DATASET, backbone: str = W % "backbone", part: str = PART) -> str:
    """Return the folder of an export of features."""
    return results("exports", "features", backbone, part, dataset=dataset)


def review(name: str, dataset: str = DATASET) -> str:
    """Return a file of the review: the questions, the page that asks them, or the answers."""
    return results("review", name, dataset=dataset)


def simulation(dataset: str = DATASET, strategy: str = W % "strategy", seed: str | int = SEED) -> str:
    """Return what a strategy of questions gains in one replicate, with answers from the true labels."""
    return results("simulation", strategy, f"seed_{seed}.csv", dataset=dataset)


def chosen(name: str, dataset: str = DATASET) -> str:
    """Return a file of the model that labels new images."""
    return results("model", name, dataset=dataset)


def predictions(name: str, dataset: str = DATASET) -> str:
    """Return a file of the predictions for new images."""
    return results("predictions", name, dataset=dataset)


def benchmark(rule: str, *names: str, folder: str) -> str:
    """Return the benchmark of a job; ``names`` tell it from the other jobs of its rule. It lies where its results lie."""
    return "/".join((folder, "benchmarks", rule, *names)) + ".tsv"


def beside(path: str, name: str) -> str:
    """Return the path of ``name``, which is relative to the folder that holds ``path``."""
    return os.path.normpath(os.path.join(os.path.dirname(path), name))
