#include "core/task_name.h"

#include <fmt/format.h>

namespace mk {

std::string task_name(const TaskNameParts& p) {
  std::string name = p.layer ? fmt::format("L{}.{}", *p.layer, p.op) : std::string(p.op);
  name +=
      p.kind == TaskKind::kEmpty ? fmt::format(".empty{}", p.task) : fmt::format("[{}]", p.tile);
  if (p.device) name += fmt::format("@{}", *p.device);
  if (p.peer) name += fmt::format(">{}", *p.peer);
  return name;
}

}  // namespace mk
