#!/bin/bash
# A sweep on a cluster: one rank a node, each with all of its cores. Slurm is one launcher of many; megascope only looks at MPI.
#
# usage: sbatch experiments/sweep/slurm_example.sh SPEC.json RESULT.db
#
# Rank 0 hands out points and alone writes RESULT.db. A node that is lost costs time, no point: others do its points again. A job
# that is cut off goes on where it stopped when it is submitted again with the same file.
#SBATCH --job-name=megascope-sweep
#SBATCH --nodes=8
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=64
#SBATCH --time=01:00:00
set -euo pipefail
mpirun --enable-recovery --map-by node --bind-to none \
  megascope sweep --spec "$1" --threads "$SLURM_CPUS_PER_TASK" -o "$2" --format csv >"${2%.db}.csv"
