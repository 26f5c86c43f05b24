"""Show the content of an artifact as a table in the terminal: `make show FILE=results/demo/labels/train.h5`."""

import argparse
import sys

from spml.review import describe
from spml.runtime.errors import InputError

parser = argparse.ArgumentParser(description="Show the content of an artifact of the pipeline.")
parser.add_argument(
    "file", help="a file of labels, logits, features, pictures (.h5), a table (.csv) or a checkpoint (.safetensors)"
)
parser.add_argument("image", nargs="?", help="an image id or file name: show its row alone")
parser.add_argument("--all", action="store_true", help=f"all categories or rows, not the first {describe.SHOWN}")
options = parser.parse_args()
try:
    for line in describe.describe(options.file, options.image or None, options.all):
        print(line)
except InputError as error:
    sys.exit(f"error: {error}")
except BrokenPipeError:  # the reader, head for example, needs no more
    sys.stderr.close()
