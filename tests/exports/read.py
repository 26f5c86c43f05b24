"""Read exports with the libraries that they are made for; prints what these found as JSON. Runs in .formats.

python read.py fiftyone FOLDER        python read.py label_studio FOLDER
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


if __name__ == "__main__":
    print(json.dumps({"fiftyone": fiftyone, "label_studio": label_studio}[sys.argv[1]](sys.argv[2])))
