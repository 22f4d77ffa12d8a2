#!/bin/bash
# A sweep, or the paper's experiments, on a cluster: one rank a node, each with all of its cores. Slurm is one launcher of many;
# megascope only looks at MPI.
#
# usage: sbatch experiments/sweep/slurm_example.sh SPEC.json RESULT.db     a sweep
#        sbatch experiments/sweep/slurm_example.sh reproduce DIR [ID ...]  studies, and their report in DIR
#
# Rank 0 hands out points and alone writes RESULT.db or DIR. A node that is lost costs time, no point: others do its points again. A
# job that is cut off goes on where it stopped when it is submitted again with the same file.
#SBATCH --job-name=megascope-sweep
#SBATCH --nodes=8
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=64
#SBATCH --time=01:00:00
set -euo pipefail
ranks=(mpirun --enable-recovery --map-by node --bind-to none megascope)
if [[ $1 == reproduce ]]; then
  "${ranks[@]}" reproduce "${@:3}" --threads "$SLURM_CPUS_PER_TASK" -o "$2"
else
  "${ranks[@]}" sweep --spec "$1" --threads "$SLURM_CPUS_PER_TASK" -o "$2" --format csv >"${2%.db}.csv"
fi
