#include "simulator/mechanisms.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

namespace mk {

Status set_mechanism(Mechanisms& mechanisms, std::string_view name_value) {
  const std::size_t equals = std::min(name_value.find('='), name_value.size());
  const std::string_view name = name_value.substr(0, equals);
  const std::string_view value = name_value.substr(std::min(equals + 1, name_value.size()));
  if (value != "on" && value != "off") {
    return fail(ErrorCode::kUsage,
                fmt::format("--mechanism {}: say NAME=on or NAME=off", name_value));
  }
  std::vector<std::string_view> known;
  for (const MechanismFacts& mechanism : kMechanisms) {
    known.push_back(mechanism.name);
    if (mechanism.name != name) continue;
    mechanisms.*mechanism.on = value == "on";
    return {};
  }
  return fail(ErrorCode::kUsage,
              fmt::format("--mechanism {}: unknown; there are {}", name, fmt::join(known, ", ")));
}

std::string to_text(const Mechanisms& mechanisms) {
  std::vector<std::string> all;
  for (const MechanismFacts& mechanism : kMechanisms) {
    all.push_back(fmt::format("{}={}", mechanism.name, mechanisms.*mechanism.on ? "on" : "off"));
  }
  return fmt::format("{}", fmt::join(all, " "));
}

}  // namespace mk
