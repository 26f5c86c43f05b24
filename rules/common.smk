# What the rules share: names of files, the slice of the config that each rule sees, the code that it depends on.
import ast
import csv
import functools
import hashlib
import os
import statistics
from types import SimpleNamespace

VARIANT = "tau_0[.][0-9]{2}|all"
NAME = DEFINITIONS["name"]["pattern"].strip("^$")
SCRIPTS = Path(workflow.basedir) / "workflow_scripts"
DATASET = config["dataset"]
FIGURE_NAMES = ("figure_1a", "figure_1b", "comparison", "reliability", "label_quality")
FIGURES = [f"results/{DATASET}/figures/{figure}.{kind}" for figure in FIGURE_NAMES for kind in ("svg", "png")]
FORMATS = ("coco", "wide", "label_studio", "fiftyone", "parquet")  # of exports, as in spml.exports
COCO_NAMES = {
    "train": "train2014",
    "test": "val2014",
}  # COCO calls the published test part val
ARCHIVES = {  # of sources that are fetched as one archive: what is used of it, its lists of images
    "voc2012": {
        "members": [f"VOCdevkit/VOC2012/{name}/" for name in ("Annotations", "ImageSets/Main", "JPEGImages")],
        "train": "VOCdevkit/VOC2012/ImageSets/Main/train.txt",
        "test": "VOCdevkit/VOC2012/ImageSets/Main/val.txt",  # the challenge's own test part has no public labels
    },
    "cub": {
        "members": [
            "attributes.txt",
            *(f"CUB_200_2011/{name}" for name in ("images/", "images.txt", "train_test_split.txt", "attributes/")),
        ],
        "train": "CUB_200_2011/images.txt",
        "test": "CUB_200_2011/images.txt",
    },
}


# -- code: inputs compared by content, so that an edit reruns the rules that import it and a touch reruns nothing


@functools.cache
def imported(path):
    """The local modules that one file imports, with the __init__.py of every package on the way."""
    package = path.parent.relative_to(SCRIPTS).parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            base += tuple(node.module.split(".")) if node.module else ()
            names = [base + (alias.name,) for alias in node.names]
        else:
            continue
        for name in names:
            for depth in range(1, len(name) + 1):
                place = SCRIPTS.joinpath(*name[:depth])
                found |= {place.with_suffix(".py"), place / "__init__.py"}
    return {file for file in found if file.is_file()}


@functools.cache
def code(rule):
    """The script of a rule and all local modules that it imports; their text decides what it does."""
    seen, todo = set(), [SCRIPTS / f"{rule}.py"]
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo.extend(imported(path))
    return sorted(os.path.relpath(path) for path in seen)


def assets(name):
    """The files that a page is made of, beside the scripts."""
    return sorted(
        os.path.relpath(path) for path in (SCRIPTS / name).iterdir() if path.suffix in (".html", ".css", ".js")
    )


# -- config: one plain dict for each rule, keys sorted, so that order in the YAML is no change


def plain(value):
    """The same value with the keys of every dict sorted and numbers in one form (1.0e-3 and 0.001, 1 and 1.0 alike)."""
    if isinstance(value, dict):
        return {key: plain(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def section(name, *keys):
    """A params function: a section as it holds for the data set, or some of its keys."""

    def pick(wildcards):
        values = RESOLVED[wildcards.dataset][name]
        return plain({key: values[key] for key in keys or values})

    return pick


def training(kind, wildcard):
    """A params function: how the teacher or student at hand is trained, a plain dict."""

    def pick(wildcards):
        sections = RESOLVED[wildcards.dataset]
        entry = sections[kind][getattr(wildcards, wildcard)]
        options = {key: entry.get(key, value) for key, value in sections["training"].items()}
        if options["head"] == "linear":
            del options["hidden"], options["dropout"]
        options["loss"] = loss(entry["loss"], source(wildcards.dataset)["source"])
        options["validation_labels"] = sections["validation"]["labels"]
        if kind == "teachers":
            options["labels"] = entry["labels"]
        return plain(options)

    return pick


def observation(wildcards):
    """A params function: how the observed labels are drawn; only what the process reads."""
    options = RESOLVED[wildcards.dataset]["observation"]
    if options["file"]:
        return {"process": "given"}
    keys = ["process", "positives", "negatives"] + ["weights"] * (options["process"] == "weights")
    told = {key: options[key] for key in keys}
    # That the truth is missing where it is needed is told by the rule that reads the table, before anything is extracted.
    if image_table(wildcards):
        sections = RESOLVED[wildcards.dataset]
        told |= {"selection_labels": sections["validation"]["labels"], "taught_the_truth": taught_the_truth(sections)}
    return plain(told)


def pseudo_labels(wildcards):
    """The entry of the pseudo-labels at hand; ends with one line where a file was asked for that has none."""
    entries = RESOLVED[wildcards.dataset]["pseudo_labels"]
    if wildcards.pseudo_labels not in entries:
        sys.exit(
            "Error: "
            + next(lacks("pseudo-labels of a file that was asked for", wildcards.pseudo_labels, list(entries)))
        )
    return entries[wildcards.pseudo_labels]


def rule_of_labels(wildcards):
    """A params function: the rule that makes the pseudo-labels at hand, its parameters, its teachers."""
    entry = pseudo_labels(wildcards)
    parameters = {key: entry[key] for key in RULES[entry["rule"]]["properties"] if key != "taus"}
    if swept(entry):
        parameters["tau"] = float(wildcards.variant.removeprefix("tau_"))
    return {
        "keep_observed": entry["keep_observed"] or entry["rule"] == "keep_observed",
        "parameters": plain(parameters),
        "rule": entry["rule"],
        "teacher": [formatted(reference) for reference in as_list(entry["teacher"])],
    }


def formatted(reference):
    """A reference with its τ in two decimals, so that another way to write it is no change."""
    name, variant = variant_of(reference)
    return f"{name}@{variant.removeprefix('tau_')}" if variant else name


# -- files of the user that are no inputs, since there are too many: a checksum of them stands in a rule's params


def files_in(folder):
    """All files in a folder and its folders, in order."""
    return sorted(os.path.join(place, name) for place, _, names in os.walk(folder) for name in names)


def state(paths, names=False):
    """A checksum of the names, sizes and times of those of these files that are there, or of all names alone."""
    checksum = hashlib.sha256()
    for path in paths:
        if names:
            checksum.update(f"{path!r}\n".encode())
        elif os.path.isfile(path):
            status = os.stat(path)
            checksum.update(f"{path!r} {status.st_size} {status.st_mtime_ns}\n".encode())
    return checksum.hexdigest()


# -- names of files


def local(wildcards, part, key):
    """The user's own annotations or images of a part, None where they are fetched or drawn."""
    return (source(wildcards.dataset).get(part) or {}).get(key)


def drawn(wildcards):
    return source(wildcards.dataset)["source"] == "demo"


def annotations(part=None):
    """An input function: the annotations of a part, by default that of the wildcard; nothing of a part that there is not."""

    def pick(wildcards):
        of, kind = part or wildcards.part, source(wildcards.dataset)["source"]
        if of not in parts(wildcards.dataset):
            return []
        if kind in LAYOUTS:
            ending = "csv" if kind == "image_folder" else "json"
            return f"resources/{wildcards.dataset}/{LAYOUTS[kind]}/{of}.{ending}"
        name = f"{of}.json" if drawn(wildcards) else f"annotations/instances_{COCO_NAMES[of]}.json"
        return local(wildcards, of, "annotations") or f"resources/{wildcards.dataset}/{name}"

    return pick


def all_annotations(wildcards):
    """An input function: the annotations of the parts that there are."""
    return [annotations(part)(wildcards) for part in parts(wildcards.dataset)]


def every_image(wildcards):
    """A params function: whether an image counts also without an annotation; not by COCO's convention."""
    return source(wildcards.dataset)["source"] not in ("demo", "coco2014", "coco")


def missing_pictures(wildcards):
    """A params function: what happens where a listed picture is not there."""
    return source(wildcards.dataset).get("missing_pictures", "refuse")


def categories(wildcards):
    """An input function: the user's list of categories, if there is one."""
    return source(wildcards.dataset).get("categories") or []


def archived(wildcards):
    """The file that stands for the archive of a data set, unpacked."""
    return f"resources/{wildcards.dataset}/archive.csv"


def listing(part=None):
    """A params function: the list of images of a part in its published layout."""

    def pick(wildcards):
        of = part or wildcards.part
        given = local(wildcards, of, "annotations")
        return given or f"resources/{wildcards.dataset}/{ARCHIVES[source(wildcards.dataset)['source']][of]}"

    return pick


def listed_by(wildcards):
    """An input function: the lists of images of a published layout, or the archive that they come in."""
    return sorted({local(wildcards, part, "annotations") or archived(wildcards) for part in ("train", wildcards.part)})


def state_of_layout(wildcards):
    """A params function: the state of the user's files that lie beside the lists of a published layout."""
    beside = {
        "voc": ["../../Annotations"],
        "nuswide": ["../Groundtruth/TrainTestLabels", "../ConceptsList"],
        "cub": ["attributes", "train_test_split.txt"],
    }[LAYOUTS[source(wildcards.dataset)["source"]]]
    lists = {local(wildcards, part, "annotations") for part in ("train", wildcards.part)} - {None}
    places = {os.path.normpath(os.path.join(os.path.dirname(given), name)) for given in lists for name in beside}
    return state(path for place in sorted(places) for path in ([place] if os.path.isfile(place) else files_in(place)))


def names_in_folder(wildcards):
    """A params function: a checksum of the names of a part's pictures."""
    return state(files_in(local(wildcards, wildcards.part, "images")), names=True)


def pictures(wildcards):
    """An input function: what must be there before the pictures of a part are (nothing for local copies)."""
    of, given = source(wildcards.dataset)["source"], local(wildcards, wildcards.part, "images")
    if of in ARCHIVES and not given and not local(wildcards, wildcards.part, "annotations"):
        return archived(wildcards)
    return f"resources/{wildcards.dataset}/pictures_{wildcards.part}.csv" if of == "coco2014" and not given else []


def picture_folder(wildcards):
    """A params function: the folder of the pictures of a part; in published layouts it lies beside the lists."""
    of, part = source(wildcards.dataset)["source"], wildcards.part
    given = local(wildcards, part, "images")
    if given or part not in parts(wildcards.dataset):
        return given or ""
    if of == "csv":
        return os.path.dirname(local(wildcards, part, "annotations")) or "."
    if of in LAYOUTS:
        beside = {"voc": "../../JPEGImages", "cub": "images"}[LAYOUTS[of]]
        return os.path.normpath(os.path.join(os.path.dirname(listing(part)(wildcards)), beside))
    return f"resources/{wildcards.dataset}/{part if drawn(wildcards) else COCO_NAMES[part]}"


def download(key=None):
    """A params function: address and checksum of an archive of a data set, by default that of the wildcard's part."""

    def pick(wildcards):
        of, name = source(wildcards.dataset), key or wildcards.part
        return plain((of.get("downloads") or {}).get(name) or DOWNLOADS[of["source"]][name])

    return pick


def archive_members(wildcards):
    """A params function: what is used of a data set's archive."""
    return ARCHIVES[source(wildcards.dataset)["source"]]["members"]


def listed(wildcards):
    """The folder with the lists of images of each shard of a part, looked at only once they are made."""
    return checkpoints.list_images.get(dataset=wildcards.dataset, part=wildcards.part).output.shards


def listed_shard(wildcards):
    """An input function: the images of the shard at hand."""
    return f"{listed(wildcards)}/{wildcards.shard}.csv"


def feature_shards(wildcards):
    """An input function: the features of all shards of a part, in order."""
    shards = sorted(path.stem for path in Path(listed(wildcards)).glob("*.csv"))
    return [
        f"results/{wildcards.dataset}/features/{wildcards.backbone}/{wildcards.part}/{shard}.h5" for shard in shards
    ]


def backbone_weights(wildcards):
    """An input function: the state dict of a backbone."""
    backbone = BACKBONES[wildcards.backbone]
    if backbone["weights"] == "imagenet":
        return f"resources/weights/imagenet/{wildcards.backbone}.pth"
    if backbone["weights"] == "demo":
        return f"resources/weights/demo/{wildcards.backbone}.pth"
    return backbone["weights"]


def extraction(backbone):
    """How a backbone turns pictures into features, a plain dict."""
    return plain({key: BACKBONES[backbone][key] for key in ("architecture", "image_size", "precision", "storage")})


def model_inputs(kind, wildcard):
    """An input function: the pictures' side of a training rule, features today."""

    def pick(wildcards):
        entry = RESOLVED[wildcards.dataset][kind][getattr(wildcards, wildcard)]
        return features(wildcards.dataset, entry, "train")

    return pick


def features(dataset, entry, part):
    """The features of a part, seen through the backbone of a teacher or student."""
    return f"results/{dataset}/features/{backbone_of(dataset, entry)}/{part}.h5"


def part_of(split):
    """The delivered part that a split lies in."""
    return "test" if split == "test" else "train"


def split_features(wildcards):
    """An input function: the features that the model at hand sees of a split."""
    kind, name = wildcards.model.split("/")[:2]
    return features(wildcards.dataset, RESOLVED[wildcards.dataset][kind][name], part_of(wildcards.split))


def split_labels(wildcards):
    """An input function: the true labels of the part that a split lies in."""
    return f"results/{wildcards.dataset}/labels/{part_of(wildcards.split)}.h5"


def folder(name, variant, seed):
    """Where a model lies: a teacher, or where there is a variant a student."""
    return f"students/{name}/seed_{seed}/{variant}" if variant else f"teachers/{name}/seed_{seed}"


def observed_labels(needed):
    """An input function: the observed labels, where a function of the wildcards says that they are needed."""

    def pick(wildcards):
        return f"results/{wildcards.dataset}/observed/seed_{wildcards.seed}.h5" if needed(wildcards) else []

    return pick


def chosen_on_observed(wildcards):
    return RESOLVED[wildcards.dataset]["validation"]["labels"] == "observed"


def learns_from_observed(wildcards):
    true = RESOLVED[wildcards.dataset]["teachers"][wildcards.teacher]["labels"]
    return not true or chosen_on_observed(wildcards)


def observed_of_model(wildcards):
    """An input function: the observed labels of a model's replicate, where choices are made on them."""
    seed = wildcards.model.split("/")[2]
    return f"results/{wildcards.dataset}/observed/{seed}.h5" if chosen_on_observed(wildcards) else []


def given_labels(wildcards):
    """An input function: the user's file of observed labels, if there is one."""
    return RESOLVED[wildcards.dataset]["observation"]["file"] or []


def image_table(wildcards):
    """An input function: the table of images, which may say what was observed; nothing where a file of its own does."""
    of = source(wildcards.dataset)["source"]
    return annotations("train")(wildcards) if of in ("csv", "image_folder") and not given_labels(wildcards) else []


def given_images(wildcards):
    """An input function: the manifest that the rows of the user's file are looked up in."""
    return f"results/{wildcards.dataset}/images/train.csv" if given_labels(wildcards) else []


def observation_weights(wildcards):
    """An input function: what the draw of the observed labels goes by, where that takes the annotations."""
    options = RESOLVED[wildcards.dataset]["observation"]
    if options["file"] or options["process"] not in ("size", "location"):
        return []
    return f"results/{wildcards.dataset}/observed/weights_{options['process']}.h5"


def teacher_logits(wildcards):
    """An input function: the logits that pseudo-labels are made from."""
    entry = pseudo_labels(wildcards)
    folders = [folder(*variant_of(teacher), wildcards.seed) for teacher in as_list(entry["teacher"])]
    return [f"results/{wildcards.dataset}/{model}/logits_train.h5" for model in folders]


def student_pseudo_labels(wildcards):
    """An input function: the pseudo-labels that a student learns from."""
    name = RESOLVED[wildcards.dataset]["students"][wildcards.student]["pseudo_labels"]
    return f"results/{wildcards.dataset}/pseudo_labels/{name}/seed_{wildcards.seed}/{wildcards.variant}.h5"


# -- what the tables collect: from the config, never from a glob, so that files of a removed τ may lie about


def models(wildcards):
    """A params function: every teacher and student with its replicate, as plain dicts."""
    sections = RESOLVED[wildcards.dataset]
    rows = []
    for seed in sorted(sections["seeds"]):
        for name in sorted(sections["teachers"]):
            row = {"kind": "teachers", "name": name, "variant": "", "tau": ""}
            rows.append(row | {"seed": seed})
        for name, entry in sorted(sections["students"].items()):
            for variant in variants_of(sections["pseudo_labels"][entry["pseudo_labels"]]):
                row = {"kind": "students", "name": name, "variant": variant}
                rows.append(row | {"tau": tau_in(variant), "seed": seed})
    return rows


def tau_in(variant):
    """The threshold that a variant names, as text; empty where it names none."""
    return variant.removeprefix("tau_") if variant.startswith("tau_") else ""


def model_folder(row):
    """Where a model of models() lies."""
    return folder(row["name"], row["variant"], row["seed"])


def all_metrics(wildcards):
    """An input function: the metrics of every model, in the order of models()."""
    return [f"results/{wildcards.dataset}/metrics/{model_folder(row)}.json" for row in models(wildcards)]


def all_test_logits(wildcards):
    """An input function: the logits of every model on the test split, in the order of models()."""
    return [f"results/{wildcards.dataset}/{model_folder(row)}/logits_test.h5" for row in models(wildcards)]


def compared(wildcards):
    """A params function: what is compared with what, and how."""
    sections = RESOLVED[wildcards.dataset]
    options = sections["comparison"]
    shown = sections["pseudo_labels"][figure_label_counts(wildcards)["pseudo_labels"]]
    reference = options["reference"] or as_list(shown["teacher"])[0]
    name, variant = variant_of(reference)
    return plain(
        {
            "reference": {"kind": "students" if variant else "teachers", "name": name, "variant": variant},
            "resamples": options["resamples"],
            "seed": options["seed"],
        }
    )


def variants(wildcards):
    """A params function: every set of pseudo-labels with its replicate, as plain dicts."""
    sections = RESOLVED[wildcards.dataset]
    return [
        {"pseudo_labels": name, "variant": variant, "tau": tau_in(variant), "seed": seed}
        for seed in sorted(sections["seeds"])
        for name, entry in sorted(sections["pseudo_labels"].items())
        for variant in variants_of(entry)
    ]


def all_pseudo_labels(wildcards):
    """An input function: every file of pseudo-labels, in the order of variants()."""
    return [
        f"results/{wildcards.dataset}/pseudo_labels/{row['pseudo_labels']}/seed_{row['seed']}/{row['variant']}.h5"
        for row in variants(wildcards)
    ]


def all_observed(wildcards):
    """An input function: the observed labels of every replicate, in the order of the seeds."""
    return [
        f"results/{wildcards.dataset}/observed/seed_{seed}.h5" for seed in sorted(RESOLVED[wildcards.dataset]["seeds"])
    ]


def figure_label_counts(wildcards):
    """A params function: which pseudo-labels figure 1b and the audit show."""
    sections = RESOLVED[wildcards.dataset]
    return {"pseudo_labels": sections["students"][sections["figure"]["students"]]["pseudo_labels"]}


SHOWS = {  # figure to what it shows, for those who do not see it
    "figure_1a": "mAP of the students over the threshold τ, with the teachers as lines",
    "figure_1b": "Positives per training image over the threshold τ",
    "comparison": "Difference of every method to the reference, with intervals",
    "reliability": "Share present over predicted probability, by model",
    "label_quality": "Precision and recall of the pseudo-labels by category and τ, and confusions",
}


def reported(wildcards):
    """A params function: which students and pseudo-labels the report shows by category, and what it says of the figures."""
    captions = Path(workflow.basedir) / "rules" / "captions"
    return {
        "captions": {
            name: " ".join((captions / f"{name}.rst").read_text(encoding="utf-8").replace("``", "").split())
            for name in FIGURE_NAMES
        },
        "pseudo_labels": figure_label_counts(wildcards)["pseudo_labels"],
        "shows": SHOWS,
        "students": RESOLVED[wildcards.dataset]["figure"]["students"],
    }


# -- the gallery and the exports


def variants_of_pseudo_labels(wildcards):
    """An input function: the files of every variant of the pseudo-labels at hand, in order."""
    entry = pseudo_labels(wildcards)
    folder = f"results/{wildcards.dataset}/pseudo_labels/{wildcards.pseudo_labels}/seed_{wildcards.seed}"
    return [f"{folder}/{variant}.h5" for variant in variants_of(entry)]


def gallery(wildcards):
    """A params function: the variants of the pseudo-labels at hand and the teachers that they come from."""
    entry = pseudo_labels(wildcards)
    return {
        "teacher": ", ".join(formatted(reference) for reference in as_list(entry["teacher"])),
        "variants": [f"τ {tau_in(variant)}" if tau_in(variant) else entry["rule"] for variant in variants_of(entry)],
    }


def shown_pseudo_labels():
    """Those of figure 1b, of the first replicate: their name and its seed."""
    name = figure_label_counts(SimpleNamespace(dataset=DATASET))["pseudo_labels"]
    return name, min(RESOLVED[DATASET]["seeds"])


def shown_gallery():
    """The page that the target gallery makes."""
    name, seed = shown_pseudo_labels()
    return f"results/{DATASET}/gallery/{name}_seed_{seed}.html"


def shown_exports():
    """What the target exports makes: every variant in every format."""
    name, seed = shown_pseudo_labels()
    return [
        f"results/{DATASET}/exports/{name}/seed_{seed}/{variant}/{form}"
        for variant in variants_of(RESOLVED[DATASET]["pseudo_labels"][name])
        for form in FORMATS
    ]


# -- the model that labels new images


def predicting(dataset):
    """The teacher or student of that model: its kind, name, variants in question and replicate, and its config entry."""
    sections = RESOLVED[dataset]
    options = sections["predict"]
    if options["model"]:
        name, variant = variant_of(options["model"])
        kind, found = ("students" if variant else "teachers"), [variant]
    else:
        kind, name = "students", sections["figure"]["students"]
        found = variants_of(sections["pseudo_labels"][sections["students"][name]["pseudo_labels"]])
    seed = min(sections["seeds"]) if options["seed"] is None else options["seed"]
    return SimpleNamespace(kind=kind, name=name, variants=found, seed=seed, entry=sections[kind][name])


def backbone_of(dataset, entry):
    """The backbone of a teacher or student."""
    return entry.get("backbone", source(dataset)["backbone"])


def candidates(wildcards):
    """A params function: the models of which validation chooses one, as plain dicts, and what they see pictures through."""
    of = predicting(wildcards.dataset)
    return {
        "backbone": extraction(backbone_of(wildcards.dataset, of.entry)),
        "candidates": [{"kind": of.kind, "name": of.name, "variant": variant} for variant in of.variants],
        "seed": of.seed,
    }


def candidate_files(name):
    """An input function: that file of each candidate, in order."""

    def pick(wildcards):
        of = predicting(wildcards.dataset)
        return [f"results/{wildcards.dataset}/{folder(of.name, variant, of.seed)}/{name}" for variant in of.variants]

    return pick


def map_of_candidates(wildcards):
    """An input function: what validation says of each variant, where there is a choice."""
    several = len(predicting(wildcards.dataset).variants) > 1
    return f"results/{wildcards.dataset}/tables/map.csv" if several else []


def observed_of_predicting(wildcards):
    """An input function: the observed labels of the replicate, where thresholds are chosen on them."""
    seed = predicting(wildcards.dataset).seed
    return f"results/{wildcards.dataset}/observed/seed_{seed}.h5" if chosen_on_observed(wildcards) else []


def predicting_weights(wildcards):
    """An input function: the weights of the backbone."""
    name = backbone_of(wildcards.dataset, predicting(wildcards.dataset).entry)
    return backbone_weights(SimpleNamespace(backbone=name))


def model_card(wildcards):
    """A params function: how the candidates are trained, a plain dict."""
    of = predicting(wildcards.dataset)
    at = functools.partial(SimpleNamespace, dataset=wildcards.dataset)
    if of.kind == "teachers":
        return {"training": training("teachers", "teacher")(at(teacher=of.name))}
    pseudo = of.entry["pseudo_labels"]
    return {
        "training": training("students", "student")(at(student=of.name)),
        "pseudo_labels": {v: rule_of_labels(at(pseudo_labels=pseudo, variant=v)) for v in of.variants},
    }


def new_images(wildcards):
    """A params function: the folder or list of new images; ends with one line where there is none."""
    given = RESOLVED[wildcards.dataset]["predict"]["images"]
    wanted = "wanted a folder of pictures, or a text file with a path on each line"
    if given is None:
        sys.exit(f"Error: predict.images: found nothing, {wanted}")
    if not os.path.exists(given):
        sys.exit(f"Error: predict.images: found {given!r}, which is not there; {wanted}")
    return given


def listed_new_images(wildcards):
    """An input function: the list of new images, if it is one."""
    given = new_images(wildcards)
    return given if os.path.isfile(given) else []


def state_of_new_images(wildcards):
    """A params function: the state of the new images; another where one is added or replaced."""
    given = new_images(wildcards)
    if os.path.isfile(given):
        with open(given, encoding="utf-8-sig", errors="replace") as file:
            return state(os.path.join(os.path.dirname(given), line.strip()) for line in file)
    return state(files_in(given))


# -- the record of a run


def used_backbones(dataset):
    """The backbones that some model of the data set sees pictures through."""
    sections = RESOLVED[dataset]
    entries = [*sections["teachers"].values(), *sections["students"].values()]
    return sorted({backbone_of(dataset, entry) for entry in entries})


def all_features(wildcards):
    """An input function: the features of both parts through every backbone that is used."""
    return [
        f"results/{wildcards.dataset}/features/{backbone}/{part}.h5"
        for backbone in used_backbones(wildcards.dataset)
        for part in ("train", "test")
    ]


def as_used(wildcards):
    """A params function: the configuration as the rules of this data set see it, defaults filled in, one plain dict."""
    dataset = wildcards.dataset
    sections = RESOLVED[dataset]

    def at(**names):
        return SimpleNamespace(dataset=dataset, **names)

    return plain(
        {
            "dataset": dataset,
            "source": source(dataset)["source"],
            "missing_pictures": missing_pictures(wildcards),
            "seeds": sorted(sections["seeds"]),
            "validation": sections["validation"],
            "observation": ({"table": image_table(wildcards)} if image_table(wildcards) else {})
            | observation(wildcards),
            "backbones": {name: BACKBONES[name] for name in used_backbones(dataset)},
            "teachers": {name: training("teachers", "teacher")(at(teacher=name)) for name in sections["teachers"]},
            "pseudo_labels": {
                name: {
                    variant: rule_of_labels(at(pseudo_labels=name, variant=variant)) for variant in variants_of(entry)
                }
                for name, entry in sections["pseudo_labels"].items()
            },
            "students": {
                name: {"pseudo_labels": entry["pseudo_labels"]} | training("students", "student")(at(student=name))
                for name, entry in sections["students"].items()
            },
            "figure": sections["figure"],
            "comparison": compared(wildcards),
        }
        | ({"demo": DEMO} if drawn(wildcards) else {})
    )


# -- resources: how much, for the n-th attempt; nothing of a site


def per_attempt(amount):
    return lambda wildcards, attempt: amount * attempt


# -- before the first job, and after the last


def require_writable():
    """End with one line where results cannot be written; each job would fail by itself."""
    if os.path.isdir("results") and not os.access("results", os.W_OK):
        sys.exit("Error: results: found a folder that cannot be written to, wanted one for the results")


def mean_and_std(cells):
    """Of the cells of a table, as text; cells of what was not measured are empty."""
    if not all(cells):
        return "not measured"
    values = list(map(float, cells))
    deviation = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.2f}{deviation}"


def summarise():
    """Print the mAP of each method and name the figures, once they are there."""
    table = Path(f"results/{DATASET}/tables/map.csv")
    if not all(map(os.path.exists, [table, *FIGURES])):
        return
    with open(table, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    incomplete = any(
        row[f"{split}_map"] and row[f"{split}_categories_present"] != row["categories"]
        for row in rows
        for split in ("val", "test")
    )
    value = "map_present" if incomplete else "map"
    scores = {}
    for row in rows:
        method = row["kind"] == "students", f"{row['name']} τ {row['tau']}".removesuffix(" τ ")
        scores.setdefault(method, []).append([row[f"{split}_{value}"] for split in ("val", "test")])
    over = " over the categories that have positives" if incomplete else ""
    over += ", validation on observed labels" if rows[0]["validation_labels"] == "observed" else ""
    lines = [
        f"\nData set {DATASET}: mAP in %{over}, mean ± standard deviation over replicates\n",
        f"{'model':<28}{'validation':>16}{'test':>16}{'replicates':>12}",
    ]
    for (_, name), pairs in sorted(scores.items()):
        columns = list(map(mean_and_std, zip(*pairs)))
        lines.append(f"{name:<28}{columns[0]:>16}{columns[1]:>16}{len(pairs):>12}")
    lines += ["\nFigures:", *(f"  {figure}" for figure in FIGURES)]
    print("\n".join(lines), file=sys.stderr)
