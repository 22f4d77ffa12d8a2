#include "experiments/sweep/kernel_list.h"

#include <filesystem>
#include <fstream>
#include <sstream>

namespace mk {

Result<KernelPlan> kernel_list(const std::string& file_or_text) {
  if (file_or_text.empty()) return KernelPlan{};
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file_or_text, ignored))
    return kernel_plan_from_text(file_or_text);
  std::ifstream file(file_or_text, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return fail(ErrorCode::kIo, file_or_text + ": cannot be read");
  Result<KernelPlan> plan = kernel_plan_from_text(text.str());
  if (!plan) return with_context(file_or_text, plan.error());
  return plan;
}

}  // namespace mk
