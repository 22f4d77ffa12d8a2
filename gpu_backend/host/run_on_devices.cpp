#include "gpu_backend/host/run_on_devices.h"

#include <fmt/format.h>

namespace mk::detail {

Status DeviceLaunches::outcome(const TaskGraph& graph) const {
  Status all{};
  for (std::size_t d = 0; d < storage_.size(); ++d) {
    const Status one = storage_[d]->outcome(graph);
    if (one) continue;
    const std::string said = fmt::format("device {}: {}", d, one.error().message);
    all = fail(all ? one.error().code : all.error().code,
               all ? said : all.error().message + "\n" + said);
  }
  return all;
}

}  // namespace mk::detail
