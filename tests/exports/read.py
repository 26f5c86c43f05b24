"""Read exports with the libraries that they are made for; prints what these found as JSON. Runs in .formats.

python read.py fiftyone FOLDER        python read.py label_studio FOLDER

With a file to write to, and changes as JSON (image_id to the categories that a person leaves), they write what the tool
exports afterwards:

python read.py review_fiftyone FOLDER FILE CHANGES        python read.py review_label_studio FOLDER FILE CHANGES
"""

import json
import sys
from pathlib import Path


def fiftyone(folder):
    from fiftyone.utils.data.importers import FiftyOneImageClassificationDatasetImporter

    with FiftyOneImageClassificationDatasetImporter(dataset_dir=folder, data_path="data.json") as importer:
        images = {path: [[c.label, c.confidence] for c in label.classifications] for path, _, label in importer}
        return {"classes": importer.get_dataset_info()["classes"], "images": images}


def label_studio(folder):
    from label_studio_sdk.label_interface import LabelInterface

    interface = LabelInterface((Path(folder) / "config.xml").read_text(encoding="utf-8"))
    interface.validate()
    tasks = json.loads((Path(folder) / "tasks.json").read_text(encoding="utf-8"))
    for task in tasks:
        assert interface.validate_task({"data": task["data"]}), task
        for prediction in task["predictions"]:
            assert (errors := interface.validate_prediction(prediction, return_errors=True)) == [], errors
    return {"choices": interface.get_control("labels").labels, "tasks": tasks}


def review_fiftyone(folder, file, changes):
    """Delete and add labels, and export them with their attributes."""
    import fiftyone.core.labels as fol
    from fiftyone.utils.data.exporters import FiftyOneImageClassificationDatasetExporter
    from fiftyone.utils.data.importers import FiftyOneImageClassificationDatasetImporter

    importer = FiftyOneImageClassificationDatasetImporter(dataset_dir=folder, data_path="data.json")
    exporter = FiftyOneImageClassificationDatasetExporter(
        labels_path=file, export_media=False, include_confidence=True, include_attributes=True
    )
    with importer, exporter:
        for path, _, label in importer:
            own = label.classifications
            if own and own[0]["image_id"] in changes:
                wanted = changes[own[0]["image_id"]]
                kept = [c for c in own if c.label in wanted]
                new = [fol.Classification(label=name) for name in wanted if name not in {c.label for c in own}]
                label = fol.Classifications(classifications=kept + new)
            exporter.export_sample(path, label)


def review_label_studio(folder, file, changes):
    """Submit an annotation for some tasks, and write them as Label Studio's JSON export has them."""
    from label_studio_sdk.label_interface import LabelInterface
    from label_studio_sdk.label_interface.objects import AnnotationValue, TaskValue

    interface = LabelInterface((Path(folder) / "config.xml").read_text(encoding="utf-8"))
    tasks = json.loads((Path(folder) / "tasks.json").read_text(encoding="utf-8"))
    exported = []
    for number, task in enumerate(tasks):
        if task["data"]["image_id"] not in changes:
            continue
        names = changes[task["data"]["image_id"]]
        region = {"id": "r", "from_name": "labels", "to_name": "image", "type": "choices", "value": {"choices": names}}
        annotation = AnnotationValue(completed_by=3, result=[region] if names else []).model_dump()
        assert not names or interface.validate_annotation(annotation)
        annotation |= {"created_at": "2026-01-01T10:00:00Z", "updated_at": "2026-01-01T10:00:05Z"}
        exported.append({"id": number} | TaskValue(data=task["data"]).model_dump() | {"annotations": [annotation]})
    Path(file).write_text(json.dumps(exported), encoding="utf-8")


if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    if name.startswith("review_"):
        arguments[2] = json.loads(arguments[2])
    tools = (fiftyone, label_studio, review_fiftyone, review_label_studio)
    print(json.dumps({tool.__name__: tool for tool in tools}[name](*arguments)))
