// The recipes of all studies and the scripts that draw them, put in at build time.
#pragma once

#include "core/embedded_files.h"

namespace mk {

std::span<const EmbeddedFile> embedded_recipes();  // experiments/STUDY/STUDY.json, in report order
std::span<const EmbeddedFile> embedded_scripts();  // experiments/report/*.py

}  // namespace mk
