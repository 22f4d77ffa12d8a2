// Ordering bugs that tests plant into a memory policy or a team, each of which must be found.
#pragma once

#include <array>
#include <string_view>

namespace mk::protocol::testing {

enum class PlantedBug {
  kNone,
  kRelaxedStore,        // the end of an iteration is handed over without release
  kRelaxedLoad,         // events are seen without acquire
  kRelaxedArrival,      // counters are added to without any order
  kReleaseOnlyArrival,  // the last arriver does not acquire what the others released
  kUnorderedTeam        // a scheduler's lanes meet without any order
};

inline constexpr std::array<std::string_view, 6> kPlantedBugNames = {
    "none",          "relaxed_store", "relaxed_load", "relaxed_arrival", "release_only_arrival",
    "unordered_team"};

}  // namespace mk::protocol::testing
