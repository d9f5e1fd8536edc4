#!/bin/bash
# Twenty workers as one array job: sbatch deploy/slurm.sh. docs/queue-deployment.md says how to use it.
#SBATCH --job-name=gradpool
#SBATCH --array=1-20
#SBATCH --cpus-per-task=8
#SBATCH --mem=16G
#SBATCH --time=04:00:00
# Two minutes before the end trainings stop at checkpoints, which go back to the queue.
#SBATCH --signal=TERM@120
#SBATCH --requeue
set -euo pipefail

# ~/.gradpool-queue has the whole address, with its password; chmod 600. Every node sees the store's folder.
store="file:${GRADPOOL_STORE:-$HOME/gradpool-store}"
exec srun npx gradpool worker --queue-file "$HOME/.gradpool-queue" --store "$store" --workers "$SLURM_CPUS_PER_TASK"
