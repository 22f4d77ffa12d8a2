#include "experiments/sweep/span_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <vector>

namespace mk {
namespace {

struct Stretch {
  Nanoseconds begin = std::numeric_limits<Nanoseconds>::max();
  Nanoseconds end = std::numeric_limits<Nanoseconds>::min();
};

// By iteration, then by pair.
using Stretches = std::map<std::pair<std::uint32_t, std::size_t>, Stretch>;

void widen(Stretch& stretch, Nanoseconds begin, Nanoseconds end, bool is_first, bool is_last) {
  if (is_first) stretch.begin = std::min(stretch.begin, begin);
  if (is_last) stretch.end = std::max(stretch.end, end);
}

Stretches of_tasks(const RunRecord& record, const std::string& first, const std::string& last) {
  const TaskGraph& graph = *record.graphs.front();
  std::vector<std::size_t> pair_of;  // by operator: how many of its name stand before it
  std::map<std::string, std::size_t> seen;
  for (const auto& op : graph.operators()) pair_of.push_back(seen[op.name]++);
  Stretches stretches;
  for (const TaskRecord& task : record.tasks) {
    const auto op = graph.tasks().op[task.task];
    const std::string& name = graph.operators()[op].name;
    if (name != first && name != last) continue;
    widen(stretches[{task.iteration, pair_of[op]}], task.ready, task.end, name == first,
          name == last);
  }
  return stretches;
}

Stretches of_kernels(const RunRecord& record, const std::string& first, const std::string& last) {
  Stretches stretches;
  std::map<std::pair<std::uint32_t, std::string>, std::size_t> seen;
  for (const SpanRecord& span : record.spans) {
    const std::string& name = record.span_names[span.name];
    if (!span.iteration || (name != first && name != last)) continue;
    const std::size_t pair = seen[{*span.iteration, name}]++;
    widen(stretches[{*span.iteration, pair}], span.start, span.end, name == first, name == last);
  }
  return stretches;
}

}  // namespace

Result<double> span_us(const RunRecord& record, const std::string& span) {
  const std::size_t colon = std::min(span.find(':'), span.size());
  const std::string first = span.substr(0, colon);
  const std::string last = colon == span.size() ? first : span.substr(colon + 1);
  const Stretches stretches =
      record.tasks.empty() ? of_kernels(record, first, last) : of_tasks(record, first, last);
  double total = 0;
  std::size_t count = 0;
  for (const auto& [key, stretch] : stretches) {
    if (stretch.begin > stretch.end) continue;  // one of the two has no partner
    total += static_cast<double>(stretch.end - stretch.begin) / 1000;
    ++count;
  }
  if (count == 0)
    return fail(ErrorCode::kInvalidInput, fmt::format("span: the graph has no '{}'", span));
  return total / static_cast<double>(count);
}

}  // namespace mk
