"""Faults for tests: Python imports this file at its start where it lies on PYTHONPATH, in Snakemake and in every job.

FAULT_PAUSE=PATTERN:FOLDER   The first process that is about to move a file whose path matches into place writes its number
                             to FOLDER/reached and waits for FOLDER/go, or until FOLDER is gone. Several are
                             separated by semicolons.
FAULT_LATE=PATTERN:SECONDS   A file whose path matches is there for other processes so many seconds after it was made, as
                             on a network file system that remembers for a while what it has not found.
"""

import fnmatch
import os
import time

if fault := os.environ.get("FAULT_PAUSE"):
    pauses = [one.rpartition(":")[::2] for one in fault.split(";")]
    replace = os.replace

    def first_at(folder):
        """Return whether this process is the first that comes to a pause, and write its number down."""
        try:
            reached = os.open(f"{folder}/reached", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        except FileExistsError:
            return False
        os.write(reached, str(os.getpid()).encode())
        os.close(reached)
        return True

    def replace_with_pause(source, target, **options):
        for pattern, folder in pauses:
            if fnmatch.fnmatch(os.fspath(target), pattern) and first_at(folder):
                while os.path.isdir(folder) and not os.path.exists(f"{folder}/go"):
                    time.sleep(0.05)
        return replace(source, target, **options)

    os.replace = replace_with_pause

if fault := os.environ.get("FAULT_LATE"):
    late, _, seconds = fault.rpartition(":")
    made = set()
    replace_at_once = os.replace

    def replace_and_remember(source, target, **options):
        made.add(os.path.abspath(target))
        return replace_at_once(source, target, **options)

    def delayed(stat):
        def stat_with_delay(path, **options):
            status = stat(path, **options)
            if isinstance(path, str | os.PathLike) and fnmatch.fnmatch(os.fspath(path), late):
                age = time.time() - status.st_ctime
                if age < float(seconds) and os.path.abspath(path) not in made:
                    raise FileNotFoundError(2, "No such file or directory", os.fspath(path))
            return status

        return stat_with_delay

    os.replace = replace_and_remember
    os.stat, os.lstat = delayed(os.stat), delayed(os.lstat)
