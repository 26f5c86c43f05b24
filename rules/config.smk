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
    "teachers",
    "pseudo_labels",
    "students",
    "figure",
    "training",
)  # a data set may override
LOSSES = DEFINITIONS["losses"]


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


def mistakes(schema, value, place=""):
    """One line for each thing that the schema rejects: where, what is there, what belongs."""
    whole = {"$defs": DEFINITIONS} | schema
    for error in sorted(
        jsonschema.Draft202012Validator(whole).iter_errors(value),
        key=lambda error: list(map(str, error.absolute_path)),
    ):
        where = ".".join([place, *map(str, error.absolute_path)]).strip(".")
        known = allowed(error.schema)
        if error.validator in ("additionalProperties", "unevaluatedProperties"):
            for key in sorted(set(map(str, error.instance)) - set(known)):
                near = difflib.get_close_matches(key, known, 1)
                hint = f"did you mean {near[0]}?" if near else f"wanted one of {', '.join(known) or 'none'}"
                yield f"{where}.{key}: no such key here; {hint}".lstrip(".")
        elif error.validator == "required":
            for key in sorted(set(error.validator_value) - set(error.instance)):
                wanted = known[key].get("description") or DEFINITIONS[key].get("description")
                yield f"{where}.{key}: found nothing, wanted {wanted}".lstrip(".")
        else:
            wanted = error.schema.get("description") or f"{error.validator} {error.validator_value}"
            if error.validator == "enum":
                wanted = f"one of {', '.join(map(str, error.validator_value))}"
            yield f"{where or 'top level'}: found {error.instance!r}, wanted {wanted}"


def loss_mistakes(place, loss):
    """The same for a loss: its name, and the hyperparameters that this one has."""
    name, parameters = (
        (loss, {}) if isinstance(loss, str) else (loss.get("name"), {k: v for k, v in loss.items() if k != "name"})
    )
    if name not in LOSSES:
        near = difflib.get_close_matches(str(name), LOSSES, 1)
        yield f"{place}: found {name!r}, wanted one of {', '.join(LOSSES)}" + (
            f"; did you mean {near[0]}?" if near else ""
        )
    else:
        yield from mistakes(LOSSES[name], parameters, place)


def stop(lines):
    """End with the lines alone, without a stack trace, if there are any."""
    if lines := list(lines):
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
        sections[name] = filled(schema, value)
    sections["training"] = filled(DEFINITIONS["settings"], sections["training"])
    return sections


def wrong_references(dataset, sections):
    """One line for each name that leads nowhere, each impossible τ, each circle of teachers, each wrong loss."""

    def lacks(place, name, names):
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            yield f"{place}: found {name!r}, wanted one of {', '.join(names)}" + (
                f"; did you mean {near[0]}?" if near else ""
            )

    teachers, makers, students = (
        sections["teachers"],
        sections["pseudo_labels"],
        sections["students"],
    )
    for name, backbone in config["backbones"].items():
        if backbone.get("trained"):
            yield f"backbones.{name}.trained: found true, wanted false: only heads are trained, on features made once"
    source = config["datasets"][dataset]
    yield from lacks(f"datasets.{dataset}.backbone", source["backbone"], config["backbones"])
    for part in ("train", "test"):
        for key in ("annotations", "images"):
            given = (source.get(part) or {}).get(key)
            if source["source"] == "coco" and not given:
                yield f"datasets.{dataset}.{part}.{key}: found {given!r}, wanted a path (source coco fetches nothing)"
            if source["source"] == "demo" and given:
                yield f"datasets.{dataset}.{part}.{key}: found {given!r}, wanted nothing (source demo is drawn); use source: coco"
    for kind in ("teachers", "students"):
        for name, entry in sections[kind].items():
            yield from loss_mistakes(f"{kind}.{name}.loss", entry["loss"])
            if "backbone" in entry:
                yield from lacks(f"{kind}.{name}.backbone", entry["backbone"], config["backbones"])
    for name, entry in students.items():
        yield from lacks(f"students.{name}.pseudo_labels", entry["pseudo_labels"], makers)
    for name, entry in makers.items():
        place = f"pseudo_labels.{name}"
        labels = [f"{tau:.2f}" for tau in entry["taus"]]
        for tau, label in zip(entry["taus"], labels):
            if abs(tau - float(label)) > 1e-9 or float(label) >= 1:
                yield f"{place}.taus: found {tau}, wanted at most two decimals, as in {min(float(label), 0.99):.2f}"
        for label in sorted({label for label in labels if labels.count(label) > 1}):
            yield f"{place}.taus: found {label} more than once (two decimals count), wanted each once"
        teacher, at, tau = entry["teacher"].partition("@")
        if not at:
            yield from lacks(
                f"{place}.teacher",
                teacher,
                [*teachers, *(f"{student}@τ" for student in students)],
            )
        elif teacher not in students:
            yield from lacks(f"{place}.teacher", teacher, list(students))
        elif (of := students[teacher]["pseudo_labels"]) in makers:
            taus = [f"{t:.2f}" for t in makers[of]["taus"]]
            if not tau.replace(".", "", 1).isdecimal() or f"{float(tau):.2f}" not in taus:
                yield f"{place}.teacher: found {entry['teacher']!r}, wanted {teacher}@ and one of {', '.join(taus)}"
    for start in makers:
        chain, name = [], start
        while name in makers and name not in chain:
            chain.append(name)
            student = makers[name]["teacher"].partition("@")[0] if "@" in makers[name]["teacher"] else None
            name = students.get(student, {}).get("pseudo_labels")
        if name == start == min(chain):  # once for each circle
            yield f"pseudo_labels.{start}.teacher: {' <- '.join([*chain, name])} is a circle, wanted a chain that begins at a teacher"
    yield from lacks("figure.students", sections["figure"]["students"], students)
    for line in sections["figure"]["lines"]:
        yield from lacks("figure.lines", line, teachers)


stop(mistakes(SCHEMA, config))
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
