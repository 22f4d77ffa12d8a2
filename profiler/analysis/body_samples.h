// The recorded bodies of runs, with what each had to do: what calibration fits bodies to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "traces/trace.h"

namespace mk {

// One recorded body and what it had to do.
struct Sample {
  double us = 0;
  double start_up_us = -1;  // where it was recorded
  double bytes = 0;         // streamed
  double kib = 0;           // of activations
  double flops = 0;
  double streams = 1;      // bodies that streamed while it ran, itself included, on the average
  std::uint8_t group = 0;  // of records (record_groups.h)
};
using Samples = std::vector<Sample>;

struct BodySamples {
  std::array<Samples, kTaskKindCount> by_kind{};
  // Left out: some of its bytes came before it, so that its duration says little about its rate.
  std::size_t preloaded = 0;
};

inline constexpr std::size_t kFewestSamples = 20;  // of a kind, or of a number of streams

// Adds the bodies of one trace, warm-up left out.
void add_bodies(const Trace& trace, BodySamples& out);

// Does a task of that kind stream from memory what makes up most of its time?
bool streams(TaskKind kind);

std::vector<double> column(const Samples& samples, double Sample::*member);

// Samples by the number of streams that ran beside each other: whole numbers, and above 8 levels a
// quarter wide, by their medians. Levels with a few percent of them are left out: they are the odd
// ends of operators.
std::map<int, Samples> by_streams(const Samples& samples);

// Those that do the fewest flops a byte: what they wait for is their stream. Requires: not empty.
Samples least_intense(const Samples& samples);

}  // namespace mk
