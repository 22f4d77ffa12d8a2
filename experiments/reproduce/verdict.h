// The verdict on one published number: a rule, not an opinion.
//
//   widened       the published range, 10 % wider at both ends
//   explained     ours lies in the widened range, and a switch or a constant's range moves it out:
//                 the point tests something. Or ours lies outside, and one mechanism's switch
//                 leaves at most half of the difference.
//   insensitive   ours lies in the widened range, and neither switch nor constant moves it out: the
//                 point cannot tell our model from one without them, and `why` names those that
//                 change it most. Or ours lies outside, but what the sources of the constants leave
//                 open covers the published range.
//   unexplained   none of these.
//   measured      ours is a measurement, not a model's: `why` says whether it lies in the range.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/reproduce/study.h"

namespace mk {

// The claim's figure under one change.
struct Variant {
  std::string name{};  // "preload=off", "memory.latency=0.44"
  double value = 0;
};

struct ValueRange {
  double low = 0;
  double high = 0;
};

struct Evidence {
  double ours = 0;
  std::vector<Variant> switches{};   // each mechanism off
  std::vector<Variant> constants{};  // each open number at either end of its range
  std::vector<double> draws{};       // all open numbers drawn at once
  std::vector<double> seeds{};
  std::optional<ValueRange>
      launches{};  // of a measurement: what several launches or quartiles span
};

enum class VerdictKind { kExplained, kInsensitive, kUnexplained, kMeasured };
std::string_view name_of(VerdictKind kind);

struct Verdict {
  VerdictKind kind = VerdictKind::kUnexplained;
  std::string decider{};  // the switch or constant that decides
  std::string why{};      // one sentence
};

// Smallest and largest of the draws, and ours; of a measurement its launches.
ValueRange interval_of(const Evidence& evidence);

// How far ours lies from the published range, of its nearer end; 0 inside. Negative: below.
double relative_error(double ours, const PublishedRange& published);

// The variant that moves ours the most; none where there is none.
std::optional<Variant> strongest(double ours, const std::vector<Variant>& variants);

Verdict judge(const PublishedRange& published, const Evidence& evidence);

// Requires: ours was measured.
Verdict judge_measured(const PublishedRange& published, const Evidence& evidence);

// A count has no tolerance: explained iff ours lies in the published range (its rounding).
Verdict judge_count(const PublishedRange& published, double ours);

}  // namespace mk
