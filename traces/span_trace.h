// Builds the Trace of a program that ran no task graph of ours: kernels on streams, API calls,
// ranges, counters. Importers and capture use it.
//
// A row is what the source calls one line of events (a stream, a thread). Spans of a row may
// overlap or nest; slices of a lane may not, so a row gets as many lanes as it needs: a span goes
// to the first of them that is free at its start. Nested ranges thus lie below what encloses them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "traces/trace.h"

namespace mk {

class SpanTraceBuilder {
 public:
  // Returns the row's number. Lanes keep the order of rows; further lanes of a row are named
  // "NAME (2)", "NAME (3)" ...
  std::uint32_t add_row(LaneKind kind, std::uint8_t device, std::string name);

  // For sources that say only later what a row is.
  void rename_row(std::uint32_t row, LaneKind kind, std::string name);

  // The text's index in Trace::strings; equal texts, equal indexes.
  std::uint32_t intern(std::string_view text);

  // Returns the span's number. A span that ends before it starts gets length 0 and a count in
  // health. Requires: `row` and `name` were given by the two above.
  std::uint32_t add_span(std::uint32_t row, std::uint32_t name, Nanoseconds start, Nanoseconds end);

  // For sources that say only later where a span ends.
  void end_span(std::uint32_t span, Nanoseconds end);
  Nanoseconds start_of(std::uint32_t span) const { return spans_[span].start; }
  Nanoseconds end_of(std::uint32_t span) const { return spans_[span].end; }

  // Requires: spans that add_span() returned, names that intern() returned.
  void add_flow(std::uint32_t from, std::uint32_t to);
  void add_detail(std::uint32_t span, std::uint32_t key, std::uint32_t value);
  void add_counter(std::uint32_t track, Nanoseconds time, double value);

  // Counts of one kind and message add up to one row.
  void add_health(std::string_view kind, std::int64_t count, std::string_view message);
  void add_clock(const ClockRecord& clock) { trace_.clocks.push_back(clock); }
  void set_meta(std::string key, std::string value);

  std::size_t span_count() const { return spans_.size(); }

  Trace build() &&;

 private:
  struct Row {
    LaneKind kind;
    std::uint8_t device;
    std::string name;
  };
  struct Span {
    std::uint32_t row;  // then: lane
    std::uint32_t name;
    Nanoseconds start;
    Nanoseconds end;
  };

  Nanoseconds sound_end(Nanoseconds start, Nanoseconds end);
  void give_lanes(const std::vector<std::uint32_t>& order);
  std::uint32_t add_lane(const Row& row, std::size_t depth);

  Trace trace_{};
  std::vector<Row> rows_{};
  std::vector<Span> spans_{};
  std::unordered_map<std::string, std::uint32_t> strings_{};
};

}  // namespace mk
