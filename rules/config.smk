# The configuration, checked against config.schema.yaml and filled with its defaults.
import difflib
import sys
from pathlib import Path

import jsonschema
import yaml

SCHEMA = yaml.safe_load((Path(workflow.basedir) / "rules" / "config.schema.yaml").read_text(encoding="utf-8"))
DEFINITIONS = SCHEMA["$defs"]
SECTIONS = (
    "seeds",
    "validation",
    "observation",
    "teachers",
    "pseudo_labels",
    "students",
    "figure",
    "comparison",
    "predict",
    "training",
)  # a data set may override
LOSSES, RULES = DEFINITIONS["losses"], DEFINITIONS["rules"]
LAYOUTS = {  # sources whose annotations are read from a published layout: the rule convert_... that reads it
    "voc": "voc",
    "voc2012": "voc",
    "nuswide": "nuswide",
    "cub": "cub",
    "image_folder": "image_folder",
}
OWN = {  # sources of which nothing is fetched or drawn: what must be named of a part
    "coco": ("annotations", "images"),
    "csv": ("annotations",),
    "voc": ("annotations",),
    "nuswide": ("annotations", "images"),
    "image_folder": ("images",),
}
COCO = "https://s3.amazonaws.com/images.cocodataset.org"  # the bucket behind images.cocodataset.org, with TLS
DOWNLOADS = {  # by source: where its archives lie
    "coco2014": {
        "annotations": {"url": f"{COCO}/annotations/annotations_trainval2014.zip"},
        "train": {"url": f"{COCO}/zips/train2014.zip"},
        "test": {"url": f"{COCO}/zips/val2014.zip"},
    },
    "voc2012": {
        "archive": {
            "url": "https://thor.robots.ox.ac.uk/pascal/VOC/voc2012/VOCtrainval_11-May-2012.tar",
            "md5": "6cd6e144f989b92b3379bac3b3de84fd",
        },
    },
    "cub": {
        "archive": {
            "url": "https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz",
            "md5": "97eceeb196236b17998738112f37df78",
        },
    },
}
BOXES = ("demo", "coco2014", "coco", "voc2012", "voc")  # sources whose annotations may have boxes and areas
BASE = DEFINITIONS["pseudo_labels"]["additionalProperties"]  # of an entry of pseudo_labels, whatever its rule


def allowed(schema):
    """The properties of an object schema, by key, those of the schema that it refers to included."""
    referred = DEFINITIONS[Path(schema["$ref"]).name] if "$ref" in schema else {}
    return referred.get("properties", {}) | schema.get("properties", {})


def filled(schema, value):
    """The value with the defaults of the keys that it lacks; entries of a section of names are filled one by one."""
    if isinstance(schema.get("additionalProperties"), dict):
        return {name: filled(schema["additionalProperties"], entry) for name, entry in value.items()}
    if not isinstance(value, dict):
        return value
    own = schema.get("properties", {})  # not what it refers to: a model inherits that from the section training
    return {key: part["default"] for key, part in own.items() if "default" in part} | value


def as_key(key):
    """A key of the config as text of one line."""
    return str(key) if str(key).isprintable() else repr(str(key))


def mistakes(schema, value, place=""):
    """One line for each thing that the schema rejects: where, what is there, what belongs."""
    whole = {"$defs": DEFINITIONS} | schema
    for error in sorted(
        jsonschema.Draft202012Validator(whole).iter_errors(value),
        key=lambda error: list(map(str, error.absolute_path)),
    ):
        where = ".".join([place, *map(as_key, error.absolute_path)]).strip(".")
        known = allowed(error.schema)
        if error.validator in ("additionalProperties", "unevaluatedProperties"):
            for key in sorted(set(map(str, error.instance)) - set(known)):
                near = difflib.get_close_matches(key, known, 1)
                hint = "".join(f"did you mean {name}? " for name in near)
                hint += f"wanted one of {', '.join(known)}" if known else "there are none"
                yield f"{where}.{as_key(key)}: no such key here; {hint}".lstrip(".")
        elif error.validator == "required":
            for key in sorted(set(error.validator_value) - set(error.instance)):
                wanted = known[key].get("description") or DEFINITIONS[key].get("description")
                yield f"{where}.{key}: found nothing, wanted {wanted}".lstrip(".")
        else:
            wanted = error.schema.get("description") or f"{error.validator} {error.validator_value}"
            if error.validator == "enum":
                wanted = f"one of {', '.join(map(str, error.validator_value))}"
            yield f"{where or 'top level'}: found {error.instance!r}, wanted {wanted}"


def lacks(place, name, names):
    """One line if a name is none of the names."""
    if name not in names:
        near = difflib.get_close_matches(str(name), names, 1)
        yield f"{place}: found {name!r}, wanted one of {', '.join(names)}" + (
            f"; did you mean {near[0]}?" if near else ""
        )


def as_section(loss):
    """A loss of the config, a name or a section, as a section."""
    return {"name": loss} if isinstance(loss, str) else loss


def loss_mistakes(place, loss):
    """The same for a loss: its name, and the hyperparameters that this one has."""
    parameters = dict(as_section(loss))
    name = parameters.pop("name", None)
    if name in DEFINITIONS["refused"]:
        yield f"{place}: {name} is not offered: it {DEFINITIONS['refused'][name]}"
    elif name in LOSSES:
        yield from mistakes(LOSSES[name], parameters, place)
    else:
        yield from lacks(place, name, LOSSES)


def with_rule(entry):
    """The schema of an entry of pseudo_labels: what every entry has, and what its rule has."""
    own = RULES.get(entry.get("rule") or "threshold", {}) if isinstance(entry, dict) else {}
    return BASE | {
        "additionalProperties": False,
        "required": [*BASE["required"], *own.get("required", [])],
        "properties": BASE["properties"] | own.get("properties", {}),
    }


def stop(lines):
    """End with the lines alone, without a stack trace, if there are any."""
    if lines := list(dict.fromkeys(lines)):  # a value can be wrong in two ways that read alike
        names = ", ".join(map(str, workflow.configfiles)) or "--config"
        sys.exit(
            "\n".join(
                [
                    f"Error in the configuration ({names}):",
                    *(f"  {line}" for line in lines),
                ]
            )
        )


def resolved(dataset):
    """All sections as they hold for one data set: defaults, then the section, then the data set's own keys."""
    own = config["datasets"][dataset]
    sections = {}
    for name in SECTIONS:
        schema = DEFINITIONS[name]
        value = config.get(name, schema.get("default", {}))
        if name in own:
            value = own[name] if isinstance(value, list) else value | own[name]
        if isinstance(schema.get("additionalProperties"), dict):  # of names: null takes an entry away
            value = {key: entry for key, entry in value.items() if entry is not None}
        sections[name] = filled(schema, value)
    sections["training"] = filled(DEFINITIONS["settings"], sections["training"])
    sections["pseudo_labels"] = {
        name: filled(with_rule(entry), entry) for name, entry in sections["pseudo_labels"].items()
    }
    return sections


def loss(value, source):
    """A loss of the config with all its hyperparameters: those given, those published for the source, the defaults."""
    given = as_section(value)
    known = LOSSES[given["name"]]["properties"]
    published = {key: part["published"][source] for key, part in known.items() if source in part.get("published", {})}
    return filled(LOSSES[given["name"]], published | given)


def source(dataset):
    """The entry of a data set."""
    return config["datasets"][dataset]


def parts(dataset):
    """The parts that a data set has: a test part only where one is fetched, drawn or named."""
    entry = source(dataset)
    whole = entry["source"] not in OWN or any((entry.get("test") or {}).values())
    return ["train", "test"] if whole else ["train"]


def as_list(value):
    return value if isinstance(value, list) else [value]


def swept(entry):
    """Whether the rule of an entry of pseudo_labels has thresholds."""
    return "taus" in RULES[entry["rule"]]["properties"]


def variants_of(entry):
    """What an entry of pseudo_labels is made for, as it stands in file names, in order: its thresholds, or all."""
    return sorted(f"tau_{tau:.2f}" for tau in entry["taus"]) if swept(entry) else ["all"]


def variant_of(reference):
    """Student and variant that a reference names: paper@0.75 is tau_0.75 of paper, cap@all is all of cap."""
    name, _, variant = reference.partition("@")
    if variant.replace(".", "", 1).isdecimal():
        variant = f"tau_{float(variant):.2f}"
    return name, variant


def wrong_references(dataset, sections):
    """One line for each name that leads nowhere, each impossible τ, each circle of teachers, each wrong loss."""

    teachers, makers, students = (
        sections["teachers"],
        sections["pseudo_labels"],
        sections["students"],
    )
    for name, backbone in config["backbones"].items():
        if backbone.get("trained"):
            yield f"backbones.{name}.trained: found true, wanted false: only heads are trained, on features made once"
    yield from lacks(f"datasets.{dataset}.backbone", source(dataset)["backbone"], config["backbones"])
    yield from wrong_source(dataset, sections)
    observed_only = sections["observation"]["file"] is None and not sections["observation"]["negatives"]
    chosen_on_observed = sections["validation"]["labels"] == "observed"
    for kind in ("teachers", "students"):
        for name, entry in sections[kind].items():
            place = f"{kind}.{name}.loss"
            problems = list(loss_mistakes(place, entry["loss"]))
            yield from problems
            if "backbone" in entry:
                yield from lacks(f"{kind}.{name}.backbone", entry["backbone"], config["backbones"])
            if problems:
                continue
            its_loss = loss(entry["loss"], source(dataset)["source"])
            wants, complete = LOSSES[its_loss["name"]].get("wants"), kind == "students" or entry["labels"]
            epochs = entry.get("epochs", sections["training"]["epochs"])
            if wants == "complete labels" and not complete:
                yield f"{place}: {its_loss['name']} wants every label; wanted labels: true beside it, or a loss for observed labels, as an"
            if wants == "observed negatives" and not complete and observed_only:
                yield f"{place}: {its_loss['name']} learns from one positive and no negative that everything is present; wanted observation.negatives, pseudo-labels or labels: true"
            if "k" in its_loss and its_loss["k"] is None and chosen_on_observed:
                yield f"{place}: found no k, wanted the positives per image that are expected (validation.labels: observed cannot tell)"
            if its_loss.get("warmup", 0) >= epochs:
                yield f"{place}: found warmup {its_loss['warmup']}, wanted fewer than the {epochs} epochs"
    for name, entry in students.items():
        yield from lacks(f"students.{name}.pseudo_labels", entry["pseudo_labels"], makers)
        rule_name = makers.get(entry["pseudo_labels"], {}).get("rule")
        name_of_loss = as_section(entry["loss"]).get("name")
        if rule_name == "soft" and LOSSES.get(name_of_loss, {}).get("wants") != "complete labels":
            yield f"students.{name}.loss: found {name_of_loss!r}, wanted bce or bce_ls, which take the soft targets of {entry['pseudo_labels']}"

    def wrong_model(place, reference):
        name, at, variant = reference.partition("@")
        if not at:
            yield from lacks(place, name, teachers)
        elif name not in students:
            yield from lacks(place, name, list(students))
        elif (of := students[name]["pseudo_labels"]) in makers:
            known = variants_of(makers[of])
            if variant_of(reference)[1] not in known:
                wanted = ", ".join(v.removeprefix("tau_") for v in known)
                yield f"{place}: found {reference!r}, wanted {name}@ and one of {wanted}"

    for name, entry in makers.items():
        place = f"pseudo_labels.{name}"
        labels = [f"{tau:.2f}" for tau in entry.get("taus", [])]
        for tau, label in zip(entry.get("taus", []), labels):
            if abs(tau - float(label)) > 1e-9 or float(label) >= 1:
                yield f"{place}.taus: found {tau}, wanted at most two decimals, as in {min(float(label), 0.99):.2f}"
            if entry.get("tau_low", -1) >= tau:
                yield f"{place}.tau_low: found {entry['tau_low']}, wanted below every τ ({label} is not above it)"
        for label in sorted({label for label in labels if labels.count(label) > 1}):
            yield f"{place}.taus: found {label} more than once (two decimals count), wanted each once"
        if "prior" in entry and entry["prior"] is None and chosen_on_observed:
            yield f"{place}.prior: found nothing, wanted a rate for each category (validation.labels: observed cannot tell)"
        for teacher in as_list(entry["teacher"]):
            yield from wrong_model(f"{place}.teacher", teacher)
    learns_from = {
        name: {
            students[student]["pseudo_labels"]
            for student, variant in map(variant_of, as_list(entry["teacher"]))
            if variant and student in students
        }
        for name, entry in makers.items()
    }
    for circle in circles(learns_from):
        yield f"pseudo_labels.{circle[0]}.teacher: {' <- '.join(circle)} is a circle, wanted a chain that begins at a teacher"
    yield from lacks("figure.students", sections["figure"]["students"], students)
    shown = students.get(sections["figure"]["students"], {}).get("pseudo_labels")
    if shown in makers and not swept(makers[shown]):
        yield f"figure.students: found {sections['figure']['students']!r}, whose rule {makers[shown]['rule']} has no τ; wanted students of a rule with taus"
    for line in sections["figure"]["lines"]:
        yield from lacks("figure.lines", line, teachers)
    for place, key in (("comparison", "reference"), ("predict", "model")):
        if sections[place][key] is not None:
            yield from wrong_model(f"{place}.{key}", sections[place][key])
    if sections["predict"]["seed"] not in (None, *sections["seeds"]):
        found, known = sections["predict"]["seed"], ", ".join(map(str, sections["seeds"]))
        yield f"predict.seed: found {found}, wanted one of the seeds, {known}"


def taught_the_truth(sections):
    """The teachers that learn from true labels."""
    return sorted(
        name
        for name, teacher in sections["teachers"].items()
        if teacher["labels"] or as_section(teacher["loss"]).get("name") == "iun"
    )


def wrong_source(dataset, sections):
    """One line for each thing that a data set's source needs, or does not have."""
    place, entry = f"datasets.{dataset}", source(dataset)
    kind = entry["source"]
    for part in ("train", "test"):
        for key in ("annotations", "images"):
            given, where = (entry.get(part) or {}).get(key), f"{place}.{part}.{key}"
            if key in OWN.get(kind, ()) and not given and part in parts(dataset):
                yield f"{where}: found {given!r}, wanted a path (source {kind} fetches nothing)"
            if kind == "demo" and given:
                yield f"{where}: found {given!r}, wanted nothing (source demo is drawn); use source: coco"
            if (kind, key) == ("image_folder", "annotations") and given:
                yield f"{where}: found {given!r}, wanted nothing: the folder that a picture lies in is its category"
            if given and key == "annotations" and (kind == "csv") != given.lower().endswith(".csv"):
                wanted = "a file whose name ends in .csv" if kind == "csv" else "no .csv file (source: csv reads them)"
                yield f"{where}: found {given!r}, wanted {wanted}"
    if entry.get("categories") and kind != "csv":
        yield f"{place}.categories: found {entry['categories']!r}, wanted nothing: source {kind} brings its own"
    of_kind = DOWNLOADS.get(kind, {})
    for key in sorted(set(entry.get("downloads") or {}) - set(of_kind)):
        yield f"{place}.downloads.{key}: source {kind} has no such download; wanted {', '.join(of_kind) or 'none'}"
    process, labels = sections["observation"]["process"], sections["validation"]["labels"]
    if process in ("size", "location") and kind not in BOXES and not sections["observation"]["file"]:
        yield f"observation.process: found {process}, wanted uniform or weights: source {kind} has no boxes"
    if kind == "image_folder":
        if labels == "full":
            yield f"validation.labels: found {labels}, wanted observed: source {kind} has no true labels"
        for name in taught_the_truth(sections):
            yield f"teachers.{name}: learns from true labels, which source {kind} does not have; wanted null in its place"


def circles(links):
    """Circles of a graph (name to names), one at least if there is any, as paths that begin and end at their first name."""
    found, done = set(), set()

    def walk(path):
        for following in sorted(links.get(path[-1], ())):
            if following in path:
                ring = path[path.index(following) :]
                first = ring.index(min(ring))
                found.add((*ring[first:], *ring[:first], ring[first]))
            elif following not in done:
                walk([*path, following])
        done.add(path[-1])

    for name in links:
        if name not in done:
            walk([name])
    return sorted(found)


stop(mistakes(SCHEMA, config))
stop(
    line
    for place, entries in [
        ("pseudo_labels", config["pseudo_labels"]),
        *(
            (f"datasets.{name}.pseudo_labels", entry.get("pseudo_labels", {}))
            for name, entry in config["datasets"].items()
        ),
    ]
    for name, entry in entries.items()
    if entry is not None
    for line in mistakes(with_rule(entry), entry, f"{place}.{name}")
)
if config["dataset"] not in config["datasets"]:
    stop([f"dataset: found {config['dataset']!r}, wanted one of {', '.join(config['datasets'])}"])
RESOLVED = {dataset: resolved(dataset) for dataset in config["datasets"]}
stop(
    (line if line.startswith("datasets.") else f"{line} (as it holds for data set {dataset})")
    for dataset in [config["dataset"]]
    for line in wrong_references(dataset, RESOLVED[dataset])
)
BACKBONES = filled(DEFINITIONS["backbones"], config["backbones"])
DEMO = filled(DEFINITIONS["demo"], config.get("demo", {}))
MACHINE = filled(DEFINITIONS["machine"], config.get("machine", {}))
