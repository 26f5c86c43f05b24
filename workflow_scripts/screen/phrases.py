"""What Snakemake says, in the words that the screen knows it by (version 9.27)."""

CHATTER = (  # Snakemake's text that says nothing to who runs it; --verbose has it
    "Assuming unrestricted shared filesystem",
    "Auto-selected partition",
    "Building DAG",
    "Cleaning up SLURM log files",
    "Complete log",
    "Conda environments: ignored",
    "DAG of jobs will be updated",
    "Elapsed time",
    "Execute ",
    "Exiting because a job execution failed",
    "Group jobs: inactive",
    "Processed ",
    "Removing output files of failed job",
    "Removing temporary output",
    "Select jobs",
    "Shutting down",
    "Singularity containers: ignored",
    "Submitted array job",
    "Touching output file",
    "Updating checkpoint dependencies",
    "Using shell",
    "Write-protecting",
)
SUBMITTED = "has been submitted with SLURM jobid"
RESTART = "Trying to restart job "
INTERRUPTED = "Terminating processes on user request"
NOTHING = "Nothing to be done"
ENDED = "At least one job did not complete successfully"
