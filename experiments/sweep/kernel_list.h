// Lists of kernels as people name them: by a file, or written out.
#pragma once

#include <string>

#include "core/result.h"
#include "simulator/kernel_plan.h"

namespace mk {

// The list of the file with this name, if there is one; otherwise what the text itself says, ""
// nothing. Errors name the file.
Result<KernelPlan> kernel_list(const std::string& file_or_text);

}  // namespace mk
