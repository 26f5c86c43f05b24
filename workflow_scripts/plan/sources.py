"""Where data sets come from: one frozen record per source."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Download:
    """An archive at an address, and which of its members are used (prefixes of their paths)."""

    url: str
    members: tuple[str, ...]
    sha256: str | None = None
    md5: str | None = None


@dataclass(frozen=True)
class Source:
    """A source of data sets, as the plan sees it.

    Attributes
    ----------
    reader : the module of spml.data that converts its annotations; None where they are read as they are
    named : the paths that the user must name for each part: annotations, images
    downloads : the archives that are fetched, by name
    listings : for a fetched source, by part, the file in the unpacked archive that lists the images
    pictures : for a fetched source, by part, the folder in the unpacked archive that holds the pictures
    beside : files and folders beside a listing (relative to its folder) that hold the labels of the images
    pictures_beside : the folder of pictures beside a listing
    has_boxes : whether annotations may have boxes and areas
    has_true_labels : whether it can hold true labels
    unannotated_count : whether an image without an annotation counts; by COCO's convention it does not
    ending : the suffix of the file that annotations are read from: json (COCO instances) or csv (a table of images)
    has_pictures : whether images have pictures; features of files stand for those that have none
    row_order : the order of the rows of published features: listed (as images/{part}.csv), number (ids are numbers), table
        (as the rows of the user's table), or empty where none is known
    """

    reader: str | None = None
    named: tuple[str, ...] = ()
    downloads: Mapping[str, Download] = field(default_factory=dict)
    listings: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)
    beside: tuple[str, ...] = ()
    pictures_beside: str | None = None
    has_boxes: bool = False
    has_true_labels: bool = True
    unannotated_count: bool = True
    ending: str = "json"
    has_pictures: bool = True
    row_order: str = "listed"

    @property
    def is_table(self) -> bool:
        """Whether annotations are read from a CSV table of images, which may also hold observed labels."""
        return self.ending == "csv"


COCO = "https://s3.amazonaws.com/images.cocodataset.org"  # the bucket behind images.cocodataset.org, with TLS
VOC = "VOCdevkit/VOC2012"
VOC_LAYOUT = {
    "reader": "voc",
    "beside": ("../../Annotations",),
    "pictures_beside": "../../JPEGImages",
    "has_boxes": True,
}
SOURCES: dict[str, Source] = {
    "demo": Source(has_boxes=True, unannotated_count=False),
    "coco2014": Source(
        reader="coco",
        downloads={
            "annotations": Download(
                f"{COCO}/annotations/annotations_trainval2014.zip",
                ("annotations/instances_train2014.json", "annotations/instances_val2014.json"),
            ),
            "train": Download(f"{COCO}/zips/train2014.zip", ("train2014/",)),
            "test": Download(f"{COCO}/zips/val2014.zip", ("val2014/",)),
        },
        listings={
            "train": "annotations/instances_train2014.json",
            "test": "annotations/instances_val2014.json",  # COCO calls the published test part val
        },
        pictures={"train": "train2014", "test": "val2014"},
        has_boxes=True,
        unannotated_count=False,
    ),
    "voc2012": Source(
        downloads={
            "archive": Download(
                "https://thor.robots.ox.ac.uk/pascal/VOC/voc2012/VOCtrainval_11-May-2012.tar",
                tuple(f"{VOC}/{name}/" for name in ("Annotations", "ImageSets/Main", "JPEGImages")),
                md5="6cd6e144f989b92b3379bac3b3de84fd",
            )
        },
        listings={
            "train": f"{VOC}/ImageSets/Main/train.txt",
            "test": f"{VOC}/ImageSets/Main/val.txt",  # the challenge's own test part has no public labels
        },
        **VOC_LAYOUT,  # type: ignore[arg-type]
    ),
    "nuswide": Source(
        reader="nuswide",
        named=("annotations", "images"),
        beside=("../Groundtruth/TrainTestLabels", "../ConceptsList"),
        row_order="",  # the published features are of a part of the images, in the order of a list beside them
    ),
    "cub": Source(
        reader="cub",
        downloads={
            "archive": Download(
                "https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz",
                (
                    "attributes.txt",
                    *(
                        f"CUB_200_2011/{name}"
                        for name in ("images/", "images.txt", "train_test_split.txt", "attributes/")
                    ),
                ),
                md5="97eceeb196236b17998738112f37df78",
            )
        },
        listings=dict.fromkeys(("train", "test"), "CUB_200_2011/images.txt"),
        beside=("attributes", "train_test_split.txt"),
        pictures_beside="images",
        row_order="number",  # as images.txt
    ),
    "coco": Source(named=("annotations", "images"), has_boxes=True, unannotated_count=False),
    "csv": Source(named=("annotations",), ending="csv", row_order="table"),
    "features": Source(named=("annotations",), ending="csv", has_pictures=False, row_order="table"),
    "voc": Source(named=("annotations",), **VOC_LAYOUT),  # type: ignore[arg-type]
    "image_folder": Source(reader="image_folder", named=("images",), has_true_labels=False, ending="csv"),
}
READERS = sorted({source.reader for source in SOURCES.values() if source.reader})
ARCHIVES = sorted({archive for source in SOURCES.values() for archive in source.downloads})
