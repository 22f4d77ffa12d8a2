#include "traces/append_spans.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace mk {
namespace {

class Appender {
 public:
  Appender(Trace& run, const Trace& spans, Nanoseconds from)
      : run_(run),
        spans_(spans),
        from_(from),
        first_string_(static_cast<std::uint32_t>(run.strings.size())) {
    run_.strings.insert(run_.strings.end(), spans_.strings.begin(), spans_.strings.end());
  }

  std::size_t run() {
    number_slices();
    add_lanes();
    add_slices();
    for (const SliceFlow& f : spans_.flows) {
      if (is_kept(f.from) && is_kept(f.to)) run_.flows.push_back({slice_[f.from], slice_[f.to]});
    }
    for (const SliceDetail& d : spans_.details) {
      if (is_kept(d.slice)) run_.details.push_back({slice_[d.slice], text(d.key), text(d.value)});
    }
    for (const CounterSample& c : spans_.counters) {
      if (c.time >= from_) run_.counters.push_back({text(c.track), c.time, c.value});
    }
    run_.health.insert(run_.health.end(), spans_.health.begin(), spans_.health.end());
    return spans_.slices.size() - kept_;
  }

 private:
  std::uint32_t text(std::uint32_t index) const { return first_string_ + index; }
  bool is_kept(std::uint32_t slice) const { return slice_[slice] != kNoIndex; }

  // Kept slices keep their order, so those of a lane stay together and sorted.
  void number_slices() {
    const auto first = static_cast<std::uint32_t>(run_.slices.size());
    slice_.assign(spans_.slices.size(), kNoIndex);
    for (std::size_t k = 0; k < slice_.size(); ++k) {
      if (spans_.slices.end[k] >= from_) slice_[k] = first + kept_++;
    }
  }

  void add_lanes() {
    lane_.assign(spans_.lanes.size(), kNoIndex);
    for (std::size_t k = 0; k < slice_.size(); ++k) {
      if (slice_[k] != kNoIndex) lane_[spans_.slices.lane[k]] = 0;  // used
    }
    for (std::size_t i = 0; i < lane_.size(); ++i) {
      if (lane_[i] == kNoIndex) continue;
      Lane lane = spans_.lanes[i];
      lane.number = static_cast<std::uint32_t>(
          std::count_if(run_.lanes.begin(), run_.lanes.end(), [&](const Lane& other) {
            return other.kind == lane.kind && other.device == lane.device;
          }));
      lane_[i] = static_cast<std::uint32_t>(run_.lanes.size());
      run_.lanes.push_back(std::move(lane));
    }
  }

  void add_slices() {
    SliceColumns& to = run_.slices;
    to.resize(to.size() + kept_);
    for (std::size_t k = 0; k < slice_.size(); ++k) {
      if (slice_[k] == kNoIndex) continue;
      to.lane[slice_[k]] = lane_[spans_.slices.lane[k]];
      to.name[slice_[k]] = text(spans_.slices.name[k]);
      to.start.set(slice_[k], spans_.slices.start[k]);
      to.end.set(slice_[k], spans_.slices.end[k]);
    }
  }

  Trace& run_;
  const Trace& spans_;
  Nanoseconds from_;
  std::uint32_t first_string_;
  std::uint32_t kept_ = 0;
  std::vector<std::uint32_t> slice_{};  // in run_, of each of spans_
  std::vector<std::uint32_t> lane_{};
};

}  // namespace

std::size_t append_spans(Trace& run, const Trace& spans, Nanoseconds from) {
  MK_CHECK(spans.graphs.empty() && spans.iterations.empty(), "spans are of no task graph");
  return Appender(run, spans, from).run();
}

}  // namespace mk
