"""Pack pictures into tar files: `make shards IMAGES=pictures TO=shards`, perhaps `MB=1000`, the most that a tar has.

The variables come by the environment, so that no shell reads a path.
"""

import os
import re
import sys
from pathlib import Path

from spml.artifacts import left_out
from spml.data import packing
from spml.runtime.errors import InputError

images, folder, megabytes = (os.environ.get(name, "") for name in ("IMAGES", "TO", "MB"))
try:
    if not images or not folder:
        raise InputError("found no IMAGES or no TO; wanted make shards IMAGES=pictures TO=shards")
    if not (megabytes or "1000").isdecimal() or not int(megabytes or 1000):
        raise InputError(f"MB: found {megabytes!r}, wanted a whole number of megabytes")
    images, folder = os.path.expanduser(images), os.path.expanduser(folder)
    if set(folder) & set("{}"):
        raise InputError(f"TO: found {folder!r}, wanted a name without braces")
    pictures, others = packing.listed(images)
    stem = re.sub(r"[{}]", "", Path(os.path.realpath(images)).stem).lstrip(".") or "pictures"
    packed = list(packing.pack(pictures, folder, stem, int(megabytes or 1000) * 1_000_000))
except InputError as error:
    sys.exit(f"Error: {error}")
except OSError as error:
    sys.exit(f"Error: {error.filename or folder}: {error.strerror}")
print(*left_out.lines(images, len(pictures), others), sep="\n")
if shared := packing.shared_keys(name for name, _ in pictures):
    print(
        f"warning: {shared:,} names differ from another after their first dot alone: WebDataset takes such pictures for one"
    )
size = sum(tar.size for tar in packed)
last = f"{len(packed) - 1:06}"
print(
    f"{len(pictures):,} pictures in {len(packed):,} tars, {size / 1e6:,.1f} MB: images: {folder}/{stem}-{{000000..{last}}}.tar"
)
