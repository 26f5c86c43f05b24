#!/usr/bin/env bash
# Many small jobs in one job of Slurm's, on one node: sbatch slurm/node.sh [targets and options of Snakemake]
# What stands in the lines #SBATCH, sbatch can be told otherwise: sbatch --partition=short --cpus-per-task=32 --mem=64G slurm/node.sh
#SBATCH --job-name=pseudo-labels
#SBATCH --cpus-per-task=16
#SBATCH --mem=32G
#SBATCH --time=08:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=slurm-%j.log
set -euo pipefail
cd "$SLURM_SUBMIT_DIR"
if [ -f .venv/bin/activate ]; then
    source .venv/bin/activate
fi
if [ "${SLURM_RESTART_COUNT:-0}" -gt 0 ]; then
    snakemake --unlock  # the lock is that of this job, before it was requeued
fi
exec snakemake "$@" --cores "$SLURM_CPUS_PER_TASK" --resources mem_mb="$SLURM_MEM_PER_NODE" gpu=1
