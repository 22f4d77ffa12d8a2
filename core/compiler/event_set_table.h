// Gives each distinct list of events one code (events.h): kNoIndex, the event, or kEventSet |
// index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/compiler/events.h"
#include "core/fnv.h"

namespace mk::compiler {

struct ListHash {
  std::size_t operator()(const std::vector<std::uint32_t>& list) const {
    Fnv1a hash;
    hash.add_column(std::span<const std::uint32_t>(list));
    return hash.value();
  }
};

class EventSetTable {
 public:
  explicit EventSetTable(std::vector<std::vector<std::uint32_t>>& sets) : sets_(sets) {}

  // `events` ascending, without doubles.
  std::uint32_t code(const std::vector<std::uint32_t>& events) {
    if (events.empty()) return kNoIndex;
    if (events.size() == 1) return events[0];
    const auto next = static_cast<std::uint32_t>(sets_.size());
    const auto [at, is_new] = codes_.try_emplace(events, next);
    if (is_new) sets_.push_back(events);
    return kEventSet | at->second;
  }

 private:
  std::vector<std::vector<std::uint32_t>>& sets_;
  std::unordered_map<std::vector<std::uint32_t>, std::uint32_t, ListHash> codes_{};
};

}  // namespace mk::compiler
