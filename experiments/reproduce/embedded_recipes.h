// The recipes of all studies, the scripts that draw them, and what was measured on GPUs, put in at
// build time.
#pragma once

#include "core/embedded_files.h"

namespace mk {

std::span<const EmbeddedFile> embedded_recipes();  // experiments/STUDY/STUDY.json, in report order
std::span<const EmbeddedFile> embedded_scripts();  // experiments/report/*.py

std::span<const EmbeddedFile> embedded_gpu_runs();  // experiments/gpu_validation/results/*.jsonl
// Machine files that `megascope calibrate` fitted to runs.
std::span<const EmbeddedFile> embedded_calibrations();

}  // namespace mk
