#include "profiler/analysis/iteration_window.h"

#include <charconv>

#include "core/check.h"

namespace mk {

std::uint32_t iterations_before(const Trace& trace) {
  const auto found = trace.meta.find("first_iteration");
  if (found == trace.meta.end()) return 0;
  std::uint32_t number = 0;
  const std::string& text = found->second;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Trace iteration_window(const Trace& trace, std::uint32_t first, std::uint32_t count) {
  MK_CHECK(std::size_t{first} + count <= trace.iterations.size(), "the trace has these iterations");
  const auto is_inside = [&](std::uint32_t i) { return i >= first && i - first < count; };
  Trace window = trace;
  window.flows.clear();
  window.details.clear();
  window.iterations.assign(trace.iterations.begin() + first,
                           trace.iterations.begin() + first + count);
  std::size_t kept = 0;
  SliceColumns& s = window.slices;
  for (std::size_t k = 0; k < trace.slices.size(); ++k) {
    if (s.iteration[k] != kNoIndex && !is_inside(s.iteration[k])) continue;
    const auto keep = [&](auto& column) { column[kept] = column[k]; };
    keep(s.lane), keep(s.task), keep(s.iteration), keep(s.name), keep(s.bound);
    for (Instants* column : {&s.enqueued, &s.fetched, &s.ready, &s.preload, &s.page, &s.start,
                             &s.first_data, &s.end, &s.notified}) {
      column->set(kept, (*column)[k]);
    }
    if (s.iteration[kept] != kNoIndex) s.iteration[kept] -= first;
    ++kept;
  }
  s.resize(kept);
  std::erase_if(window.activations, [&](const auto& a) { return !is_inside(a.iteration); });
  for (ActivationRecord& a : window.activations) a.iteration -= first;
  std::erase_if(window.intervals, [&](const auto& i) { return !is_inside(i.iteration); });
  for (Interval& i : window.intervals) i.iteration -= first;
  return window;
}

}  // namespace mk
