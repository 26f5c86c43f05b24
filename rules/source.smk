# The folder of the Python packages: beside the rules, or unpacked from the repository where Snakemake reads the rules from
# one by their git address. Snakemake fetches rules, scripts and environments one by one, and no packages.
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from snakemake.sourcecache import HostingProviderFile, LocalSourceFile

UNPACKED = Path(".snakemake", "workflows", "pseudo-multi-labels").absolute()  # of one version: inputs keep their paths


def git(folder, *command):
    """Return what a git command writes about the clone that Snakemake keeps of the repository of a folder of rules."""
    folder.cache_path = workflow.sourcecache.cache_path
    clone = folder.hosted_repo.repo.git_dir
    return subprocess.run(["git", "-C", clone, *command], check=True, capture_output=True, text=True).stdout


def unpacked(folder):
    """Return the folder that the repository's files of this version are unpacked to; they are unpacked once per version."""
    top = os.path.dirname(folder.path)
    tree = git(folder, "rev-parse", "--verify", f"{folder.ref}:{top}" if top else f"{folder.ref}^{{tree}}").strip()
    mark = UNPACKED / "tree.txt"
    if mark.is_file() and mark.read_text() == tree:
        return UNPACKED
    if "plan" in sys.modules:
        sys.exit(
            f"Error: module {__name__}: found a second version of this workflow, wanted one version in all modules"
        )
    UNPACKED.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=UNPACKED.parent) as scratch:
        new, archive = Path(scratch, "new"), Path(scratch, "archive.tar")
        git(folder, "archive", f"--output={archive}", tree, "rules", "workflow_scripts", "CITATION.cff")
        shutil.unpack_archive(archive, new)
        (new / mark.name).write_text(tree)
        if UNPACKED.exists():
            UNPACKED.rename(Path(scratch, "old"))
        new.rename(UNPACKED)
    return UNPACKED


RULES = workflow.current_basedir
if isinstance(RULES, LocalSourceFile):
    SCRIPTS = str(Path(os.path.realpath(RULES.path)).parent / "workflow_scripts")
elif isinstance(RULES, HostingProviderFile):
    SCRIPTS = str(Path(os.path.realpath(unpacked(RULES)), "workflow_scripts"))
else:
    sys.exit(
        f"Error: found the rules at {RULES}, from where Snakemake reads single files; wanted a clone, or github(...), gitlab(...) "
        "or gh:owner/repository@tag:Snakefile, so that the workflow's Python packages can be unpacked, too"
    )
