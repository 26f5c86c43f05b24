"""Small data sets in the layouts of the field, in the forms that their publishers write, from the tiny one."""

import json
import shutil
from pathlib import Path

XML = """<annotation>
	<folder>VOC2012</folder>
	<filename>{identity}.png</filename>
	<source>
		<database>The VOC2007 Database</database>
		<annotation>PASCAL VOC2007</annotation>
		<image>flickr</image>
	</source>
	<size>
		<width>32</width>
		<height>32</height>
		<depth>3</depth>
	</size>
	<segmented>0</segmented>
{objects}</annotation>
"""
OBJECT = """	<object>
		<name>{name}</name>
		<pose>Unspecified</pose>
		<truncated>1</truncated>
		<difficult>{difficult}</difficult>
		<bndbox>
			<xmin>{left}</xmin>
			<ymin>{top}</ymin>
			<xmax>{right}</xmax>
			<ymax>{bottom}</ymax>
		</bndbox>
		<part>
			<name>head</name>
			<bndbox>
				<xmin>1</xmin>
				<ymin>1</ymin>
				<xmax>2</xmax>
				<ymax>2</ymax>
			</bndbox>
		</part>
	</object>
"""
PARTS = {"train": "train", "test": "val"}


def tiny_parts(data):
    """Yield each part with its categories, id to name, and its images, id to file name and annotations."""
    for part in ("train", "test"):
        dataset = json.loads((data / f"{part}.json").read_text())
        names = {entry["id"]: entry["name"] for entry in dataset["categories"]}
        images = {
            image["id"]: (image["file_name"], [a for a in dataset["annotations"] if a["image_id"] == image["id"]])
            for image in dataset["images"]
        }
        yield part, names, images


def voc(data, root, difficult=()):
    """Write VOCdevkit/VOC2012; objects in ``difficult`` (image id of the training part, category) are marked as such."""
    base = root / "VOCdevkit/VOC2012"
    for folder in ("Annotations", "ImageSets/Main", "ImageSets/Segmentation", "JPEGImages"):
        (base / folder).mkdir(parents=True)
    for part, names, images in tiny_parts(data):
        identities = []
        for number, (file_name, entries) in images.items():
            identity = f"20{'08' if part == 'train' else '11'}_{number:06}"
            identities.append(identity)
            objects = ""
            for entry in entries:
                x, y, width, height = entry["bbox"]
                name = names[entry["category_id"]]
                mark = int(part == "train" and (number, name) in difficult)
                box = {"left": x + 1, "top": y + 1, "right": x + width, "bottom": y + height}
                objects += OBJECT.format(name=name, difficult=mark, **box)
            (base / f"Annotations/{identity}.xml").write_text(XML.format(identity=identity, objects=objects))
            shutil.copy(data / part / file_name, base / f"JPEGImages/{identity}.png")
        (base / f"ImageSets/Main/{PARTS[part]}.txt").write_text("".join(f"{identity}\n" for identity in identities))
    (base / "ImageSets/Main/red_train.txt").write_text("2008_000001 -1\n")
    return base


def nuswide(data, root):
    """Write ImageList/, ConceptsList/, Groundtruth/TrainTestLabels/ and the pictures in Flickr/."""
    for folder in ("ImageList", "ConceptsList", "Groundtruth/TrainTestLabels"):
        (root / folder).mkdir(parents=True)
    for part, names, images in tiny_parts(data):
        suffix = part.capitalize()
        paths = []
        for number, (file_name, _) in images.items():
            picture = root / f"Flickr/actor/{number:04}_{part}.png"
            picture.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(data / part / file_name, picture)
            paths.append(f"actor\\{picture.name}")
        (root / f"ImageList/{suffix}Imagelist.txt").write_text("".join(f"{path}\r\n" for path in paths))
        for category, name in names.items():
            values = [int(any(a["category_id"] == category for a in entries)) for _, entries in images.values()]
            path = root / f"Groundtruth/TrainTestLabels/Labels_{name}_{suffix}.txt"
            path.write_text("".join(f"{value}\n" for value in values))
        (root / "ConceptsList/Concepts81.txt").write_text("".join(f"{name}\n" for name in names.values()))
    return root


def cub(data, root):
    """Write CUB_200_2011/ with attributes.txt beside it, as in the archive; one line of labels has a column too many."""
    base = root / "CUB_200_2011"
    (base / "attributes").mkdir(parents=True)
    listed, split, labels, number = [], [], [], 0
    for part, names, images in tiny_parts(data):
        for file_name, entries in images.values():
            number += 1
            picture = base / f"images/001.Black_footed_Albatross/{part}_{file_name}"
            picture.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(data / part / file_name, picture)
            listed.append(f"{number} {picture.relative_to(base / 'images').as_posix()}\n")
            split.append(f"{number} {int(part == 'train')}\n")
            for attribute, category in enumerate(names, 1):
                present = int(any(a["category_id"] == category for a in entries))
                more = " 0" if (number, attribute) == (2, 3) else ""
                labels.append(f"{number} {attribute} {present} 3{more} {27.7 + number:.4f}\n")
        attributes = [f"{attribute} has_colour::{name}\n" for attribute, name in enumerate(names.values(), 1)]
    (base / "images.txt").write_text("".join(listed))
    (base / "train_test_split.txt").write_text("".join(split))
    (base / "attributes/image_attribute_labels.txt").write_text("".join(labels))
    Path(root, "attributes.txt").write_text("".join(attributes))
    return base


def image_folder(data, root):
    """Write a folder per category, each picture of the training part in the folder of its first category."""
    for part, names, images in tiny_parts(data):
        if part == "train":
            for file_name, entries in images.values():
                if entries:
                    picture = root / names[entries[0]["category_id"]] / file_name
                    picture.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(data / part / file_name, picture)
    return root
