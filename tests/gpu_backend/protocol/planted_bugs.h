// Ordering bugs that tests plant into a memory policy, each of which every checker must find.
#pragma once

#include <array>
#include <string_view>

namespace mk::protocol::testing {

enum class PlantedBug {
  kNone,
  kRelaxedStore,       // items are published, positions given back, without release
  kRelaxedLoad,        // items are taken, events seen, without acquire
  kRelaxedArrival,     // counters are added to without any order
  kReleaseOnlyArrival  // the last arriver does not acquire what the others released
};

inline constexpr std::array<std::string_view, 5> kPlantedBugNames = {
    "none", "relaxed_store", "relaxed_load", "relaxed_arrival", "release_only_arrival"};

}  // namespace mk::protocol::testing
