#include "traces/span_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>
#include <utility>

#include "core/check.h"

namespace mk {

std::uint32_t SpanTraceBuilder::add_row(LaneKind kind, std::uint8_t device, std::string name) {
  rows_.push_back({kind, device, std::move(name)});
  return static_cast<std::uint32_t>(rows_.size() - 1);
}

void SpanTraceBuilder::rename_row(std::uint32_t row, LaneKind kind, std::string name) {
  MK_CHECK(row < rows_.size(), "the row was given");
  rows_[row].kind = kind;
  rows_[row].name = std::move(name);
}

Nanoseconds SpanTraceBuilder::sound_end(Nanoseconds start, Nanoseconds end) {
  if (end >= start) return end;
  add_health("ends_before_start", 1, "spans that end before they start have length 0");
  return start;
}

void SpanTraceBuilder::end_span(std::uint32_t span, Nanoseconds end) {
  MK_CHECK(span < spans_.size(), "the span was given");
  spans_[span].end = sound_end(spans_[span].start, end);
}

std::uint32_t SpanTraceBuilder::intern(std::string_view text) {
  const auto next = static_cast<std::uint32_t>(trace_.strings.size());
  const auto [at, is_new] = strings_.try_emplace(std::string(text), next);
  if (is_new) trace_.strings.emplace_back(text);
  return at->second;
}

std::uint32_t SpanTraceBuilder::add_span(std::uint32_t row, std::uint32_t name, Nanoseconds start,
                                         Nanoseconds end) {
  MK_CHECK(row < rows_.size() && name < trace_.strings.size(), "a span's row and name were given");
  spans_.push_back({row, name, start, sound_end(start, end)});
  return static_cast<std::uint32_t>(spans_.size() - 1);
}

void SpanTraceBuilder::add_flow(std::uint32_t from, std::uint32_t to) {
  MK_CHECK(from < spans_.size() && to < spans_.size(), "a flow's spans were given");
  trace_.flows.push_back({from, to});
}

void SpanTraceBuilder::add_detail(std::uint32_t span, std::uint32_t key, std::uint32_t value) {
  MK_CHECK(span < spans_.size(), "a detail's span was given");
  MK_CHECK(key < trace_.strings.size() && value < trace_.strings.size(),
           "a detail's texts were given");
  trace_.details.push_back({span, key, value});
}

void SpanTraceBuilder::add_counter(std::uint32_t track, Nanoseconds time, double value) {
  MK_CHECK(track < trace_.strings.size(), "a counter's track was given");
  trace_.counters.push_back({track, time, value});
}

void SpanTraceBuilder::add_health(std::string_view kind, std::int64_t count,
                                  std::string_view message) {
  for (HealthRecord& row : trace_.health) {
    if (row.kind != kind || row.message != message) continue;
    // Counts come from files, too, and stop at the most that can be counted.
    if (__builtin_add_overflow(row.count, count, &row.count)) {
      row.count = std::numeric_limits<std::int64_t>::max();
    }
    return;
  }
  trace_.health.push_back({std::string(kind), count, std::string(message)});
}

void SpanTraceBuilder::set_meta(std::string key, std::string value) {
  trace_.meta[std::move(key)] = std::move(value);
}

std::uint32_t SpanTraceBuilder::add_lane(const Row& row, std::size_t depth) {
  Lane lane{row.kind, row.device, 0, {}, row.name};
  if (depth > 0) lane.name += fmt::format(" ({})", depth + 1);
  for (const Lane& other : trace_.lanes) {
    if (other.kind == lane.kind && other.device == lane.device) ++lane.number;
  }
  trace_.lanes.push_back(std::move(lane));
  return static_cast<std::uint32_t>(trace_.lanes.size() - 1);
}

// `order`: spans by row and start, the longer first.
void SpanTraceBuilder::give_lanes(const std::vector<std::uint32_t>& order) {
  std::size_t next = 0;
  for (std::uint32_t row = 0; row < rows_.size(); ++row) {
    std::vector<std::uint32_t> lanes{add_lane(rows_[row], 0)};
    std::vector<Nanoseconds> free_at{std::numeric_limits<Nanoseconds>::min()};
    for (; next < order.size() && spans_[order[next]].row == row; ++next) {
      Span& span = spans_[order[next]];
      const auto fits = [&](Nanoseconds free) { return free <= span.start; };
      const auto depth = static_cast<std::size_t>(
          std::find_if(free_at.begin(), free_at.end(), fits) - free_at.begin());
      if (depth == lanes.size()) {
        lanes.push_back(add_lane(rows_[row], depth));
        free_at.push_back({});
      }
      free_at[depth] = span.end;
      span.row = lanes[depth];
    }
  }
}

Trace SpanTraceBuilder::build() && {
  std::vector<std::uint32_t> order(spans_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const Span& x = spans_[a];
    const Span& y = spans_[b];
    return std::tuple(x.row, x.start, y.end) < std::tuple(y.row, y.start, x.end);
  });
  give_lanes(order);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const Span& x = spans_[a];
    const Span& y = spans_[b];
    return std::tuple(x.row, x.start, x.end) < std::tuple(y.row, y.start, y.end);
  });
  std::vector<std::uint32_t> slice_of(spans_.size());
  SliceColumns& slices = trace_.slices;
  slices.resize(spans_.size());
  for (std::uint32_t k = 0; k < order.size(); ++k) {
    const Span& span = spans_[order[k]];
    slice_of[order[k]] = k;
    slices.lane[k] = span.row;
    slices.name[k] = span.name;
    slices.start.set(k, span.start);
    slices.end.set(k, span.end);
  }
  for (SliceFlow& flow : trace_.flows) flow = {slice_of[flow.from], slice_of[flow.to]};
  for (SliceDetail& detail : trace_.details) detail.slice = slice_of[detail.slice];
  std::stable_sort(trace_.flows.begin(), trace_.flows.end(),
                   [](const SliceFlow& a, const SliceFlow& b) { return a.from < b.from; });
  std::stable_sort(trace_.details.begin(), trace_.details.end(),
                   [](const SliceDetail& a, const SliceDetail& b) { return a.slice < b.slice; });
  return std::move(trace_);
}

}  // namespace mk
