"""Pictures in tars of a bucket of an S3 server on the loopback interface: a job gets the tars of its shard, and no others."""

import subprocess
import tarfile

import h5py
import numpy as np
import pytest

import tiny
from engines.elsewhere import FEW, PYTHON, Bucket, clone, planned, run
from plan import features, load
from spml.artifacts import manifest
from spml.features.extraction import extract

REMOTE = {
    "features/images_per_shard": 20,
    "datasets/tiny/train/images": "s3://pictures/tiny/train-{000000..000002}.tar",
}
FEATURES = "results/tiny/features/random/train.h5"
OPTIONS = ("--cores", "2", "--profile", "profiles/default")
UPLOAD = """
import boto3, pathlib, sys
s3 = boto3.resource("s3", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
s3.create_bucket(Bucket="pictures")
for path in sys.argv[2:]:
    s3.Object("pictures", f"tiny/{pathlib.Path(path).name}").upload_file(path)
"""


def pack(folder, pattern, per_tar):
    """Write the pictures of a folder to tars in protocol order; return their paths."""
    pictures = sorted(folder.iterdir())
    paths = [folder.parent / pattern.format(number) for number in range(-(-len(pictures) // per_tar))]
    for number, path in enumerate(paths):
        with tarfile.open(path, "w") as tar:
            for picture in pictures[number * per_tar : (number + 1) * per_tar]:
                tar.add(picture, picture.name)
    return paths


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A clone that ran from tars in a bucket to features, and the bucket; the pictures lie unpacked in data/unpacked."""
    folder = clone(tmp_path_factory.mktemp("tars") / "work")
    tars = pack(folder / "data/train", "train-{:06}.tar", 15)
    (folder / "data/train").rename(folder / "data/unpacked")
    tiny.configure(folder, tiny.changed(tiny.CONFIG, FEW | REMOTE))
    with Bucket() as bucket:
        endpoint = bucket.environment["SNAKEMAKE_STORAGE_S3_ENDPOINT_URL"]
        subprocess.run([PYTHON, "-c", UPLOAD, endpoint, *tars], check=True)
        for path in tars:
            path.unlink()
        run(folder, *OPTIONS, FEATURES, **bucket.environment)
        yield folder, bucket


def test_features_are_those_of_the_same_pictures_in_a_folder(ran):
    folder, _ = ran
    experiment = load.experiments(tiny.changed(tiny.CONFIG, FEW))["tiny"]
    for shard in ("00000", "00001"):
        names = manifest.read(folder / f"results/tiny/images/train/{shard}.csv").file_name
        paths = [str(folder / "data/unpacked" / name) for name in names]
        options = features.extraction(experiment, "random")
        found = extract(paths, options, str(folder / "data/random.pth"), "cpu", 1, 8)
        with h5py.File(folder / f"results/tiny/features/random/train/{shard}.h5") as file:
            (matrix,) = (dataset[:] for dataset in file.values() if dataset.ndim == 2)
        assert matrix.tobytes() == np.concatenate(list(found.batches)).astype(np.float16).tobytes()


def test_a_job_gets_the_tars_of_its_shard_and_no_copy_stays(ran):
    folder, _ = ran
    text = (folder / "results/tiny/images/train/tars.tsv").read_text()
    tars = [f"s3://pictures/tiny/train-00000{number}.tar" for number in range(3)]
    assert text.splitlines() == [
        *(f"00000\t{tar}" for tar in tars[:2]),
        *(f"00001\t{tar}" for tar in tars[1:]),
    ]
    assert not list(folder.glob(".snakemake/storage/**/*.tar"))


def test_a_second_run_does_nothing(ran):
    folder, bucket = ran
    assert planned(folder, *OPTIONS, FEATURES, **bucket.environment) == {}


def test_a_tar_that_is_not_in_the_bucket_ends_the_run(ran):
    folder, bucket = ran
    more = REMOTE | {"datasets/tiny/train/images": "s3://pictures/tiny/train-{000000..000003}.tar"}
    tiny.configure(folder, tiny.changed(tiny.CONFIG, FEW | more))
    code, text = run(folder, *OPTIONS, "--dry-run", FEATURES, check=False, **bucket.environment)
    assert code and "found no s3://pictures/tiny/train-000003.tar; wanted every tar that it names" in text
