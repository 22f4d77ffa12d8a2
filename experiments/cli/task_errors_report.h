// The table of `compare --parts`: what start errors are made of, by operator, beside the floor.
#pragma once

#include <string>
#include <vector>

#include "experiments/cli/answer.h"
#include "profiler/analysis/task_errors.h"

namespace mk::cli {

// One flat row an operator. `floor`: the same between two measured runs; may be empty.
Json task_errors_json(const std::vector<OperatorErrors>& rows,
                      const std::vector<OperatorErrors>& floor);

std::string task_errors_text(const std::vector<OperatorErrors>& rows,
                             const std::vector<OperatorErrors>& floor);

}  // namespace mk::cli
