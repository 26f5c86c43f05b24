"""Write what Slurm says of this site for `snakemake --profile slurm`: `make slurm-site`, on the login node.

The variables of make come by the environment, so that no shell reads them: ACCOUNT, GPU and PARTITIONS.
"""

import getpass
import grp
import os
import subprocess
import sys

from plan import slurm_site
from plan.errors import ConfigError
from spml.runtime.files import writing


def printed(*command: str) -> str:
    """Return what a command of Slurm's prints; end with one line where it cannot be run or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        sys.exit(f"Error: {command[0]}: not found; wanted a login node of a Slurm cluster")
    if done.returncode:
        sys.exit(f"Error: {' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


texts = {name: printed(*command) for name, command in slurm_site.COMMANDS.items()}
user = getpass.getuser()
associations = default_account = ""
if slurm_site.has_accounting(texts["config"]):
    associations, default_account = (
        printed(*(part.format(user=user) for part in command))
        for command in (slurm_site.ASSOCIATIONS, slurm_site.DEFAULT_ACCOUNT)
    )
groups = tuple(grp.getgrgid(number).gr_name for number in os.getgrouplist(user, os.getgid()))
try:
    site = slurm_site.site(
        **texts,
        associations=associations,
        default_account=default_account,
        groups=groups,
        values={name: os.environ.get(name, "") for name in slurm_site.VARIABLES},
    )
except ConfigError as error:
    sys.exit("\n".join(f"Error: {line}" for line in error.lines))
for path, text in ((slurm_site.PARTITIONS, site.partitions), (slurm_site.PROFILE, site.profile)):
    with writing(path) as part:
        part.write_text(text, encoding="utf-8")
print("\n".join([*site.lines, f"Written: {slurm_site.PROFILE}, {slurm_site.PARTITIONS}"]))
