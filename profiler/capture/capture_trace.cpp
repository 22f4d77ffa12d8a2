#include "profiler/capture/capture_trace.h"

#include <cxxabi.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "traces/span_trace.h"

namespace mk::capture {
namespace {

std::string demangled(std::string_view name) {
  const std::string mangled(name);
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? std::string(text.get()) : mangled;
}

std::string dimensions(const std::array<std::uint32_t, 3>& d) {
  return fmt::format("{}x{}x{}", d[0], d[1], d[2]);
}

// A time that was taken, and may be: differences of such cannot overflow.
bool is_time(Time t) { return t != 0 && t < Time{1} << 61; }

// The earliest and the latest time stamp of all records.
struct Limits {
  Time first = ~Time{0};
  Time last = 0;

  void add(Time t) {
    if (!is_time(t)) return;
    first = std::min(first, t);
    last = std::max(last, t);
  }
  template <typename T>
  void operator()(const T& record) {
    if constexpr (requires { record.end; }) {
      add(record.start);
      add(record.end);
    } else if constexpr (requires { record.time; }) {
      add(record.time);
    }
  }
};

// Adds one process after the other to the trace.
class Maker {
 public:
  Maker(SpanTraceBuilder& out, const Limits& limits, std::size_t processes)
      : out_(out), limits_(limits), many_processes_(processes > 1) {}

  void add(const CaptureLog& log) {
    log_ = &log;
    calls_.clear();
    launched_.clear();
    ranges_.clear();
    data_.clear();
    for (const Activity& activity : log.activities) {
      if (const auto* data = std::get_if<MarkerData>(&activity)) data_[data->id] = data;
    }
    for (const Activity& activity : log.activities) std::visit(*this, activity);
    end_open_ranges();
    join_calls();
  }

  void operator()(const Kernel& k) {
    const auto span = device_span(k, demangled(log_->text(k.name)));
    if (span == kNoIndex) return;
    detail(span, "grid", dimensions(k.grid));
    detail(span, "block", dimensions(k.block));
    if (k.cluster[0] > 1 || k.cluster[1] > 1 || k.cluster[2] > 1)
      detail(span, "cluster", dimensions(k.cluster));
    detail(span, "registers", std::to_string(k.registers));
    detail(span, "shared_bytes", std::to_string(k.static_shared + k.dynamic_shared));
    if (k.is_cooperative != 0) detail(span, "cooperative", "yes");
    if (k.graph_node != 0) detail(span, "graph_node", std::to_string(k.graph_node));
  }

  void operator()(const Transfer& t) {
    const auto span = device_span(t, std::string(log_->text(t.name)));
    if (span != kNoIndex) detail(span, "bytes", std::to_string(t.bytes));
  }

  void operator()(const ApiCall& call) {
    const auto row = row_of(LaneKind::kApi, 0, fmt::format("thread {} CUDA", call.thread));
    const auto span = add_span(row, log_->text(call.name), call.start, call.end);
    if (span == kNoIndex) return;
    if (call.result != 0) detail(span, "result", std::to_string(call.result));
    // The runtime calls the driver under the same id: what was launched belongs to the outer call.
    if (call.is_driver == 0) {
      calls_[call.correlation] = span;
    } else {
      calls_.try_emplace(call.correlation, span);
    }
  }

  void operator()(const Synchronisation& s) {
    const auto row = row_of(LaneKind::kApi, 0, fmt::format("waits of context {}", s.context));
    add_span(row, log_->text(s.name), s.start, s.end);
  }

  void operator()(const ExternalId& e) { external_[e.correlation] = e.id; }

  void operator()(const Marker& m) {
    if (!is_time(m.time)) return no_time_stamp();
    if (m.phase == MarkerPhase::kStart) {
      ranges_[m.id] = &m;
    } else if (m.phase == MarkerPhase::kInstant) {
      range(m, m.time);
    } else if (const auto start = ranges_.find(m.id); start != ranges_.end()) {
      range(*start->second, m.time);
      ranges_.erase(start);
    } else {
      out_.add_health("range_never_begun", 1, "ranges that ended, but were not seen to begin");
    }
  }

  void operator()(const MarkerData&) {}  // taken with their markers

  void operator()(const Overhead& o) {
    const auto row = row_of(LaneKind::kApi, 0, "profiling itself");
    add_span(row, log_->text(o.name), o.start, o.end);
  }

  void operator()(const Counter& c) {
    if (!is_time(c.time)) return no_time_stamp();
    out_.add_counter(out_.intern(log_->text(c.track)), axis(c.time), c.value);
  }

  void operator()(const Loss& loss) {
    out_.add_health(log_->text(loss.kind), static_cast<std::int64_t>(loss.count),
                    log_->text(loss.message));
  }

 private:
  Nanoseconds axis(Time t) const { return static_cast<Nanoseconds>(t - limits_.first); }

  void no_time_stamp() {
    out_.add_health("no_time_stamp", 1, "records without a time stamp are left out");
  }

  // kNoIndex iff there is no time stamp.
  std::uint32_t add_span(std::uint32_t row, std::string_view name, Time start, Time end) {
    if (is_time(start) && is_time(end))
      return out_.add_span(row, out_.intern(name), axis(start), axis(end));
    no_time_stamp();
    return kNoIndex;
  }

  template <typename T>
  std::uint32_t device_span(const T& record, const std::string& name) {
    const auto row = row_of(
        LaneKind::kStream, static_cast<std::uint8_t>(record.device),
        fmt::format("gpu{} context {} stream {}", record.device, record.context, record.stream));
    const auto span = add_span(row, name, record.start, record.end);
    if (span != kNoIndex) launched_.push_back({record.correlation, span});
    return span;
  }

  std::uint32_t row_of(LaneKind kind, std::uint8_t device, std::string name) {
    if (many_processes_) name = fmt::format("process {} {}", log_->process, name);
    const auto [at, is_new] = rows_.try_emplace(std::tuple(kind, device, name), 0);
    if (is_new) at->second = out_.add_row(kind, device, std::move(name));
    return at->second;
  }

  void detail(std::uint32_t span, std::string_view key, std::string_view value) {
    out_.add_detail(span, out_.intern(key), out_.intern(value));
  }

  void range(const Marker& m, Time end) {
    const std::string_view domain = log_->text(m.domain);
    const auto row = row_of(LaneKind::kNvtx, 0,
                            domain.empty() ? fmt::format("thread {} NVTX", m.thread)
                                           : fmt::format("thread {} NVTX {}", m.thread, domain));
    const auto span = add_span(row, log_->text(m.name), m.time, end);
    const auto data = data_.find(m.id);
    if (span == kNoIndex || data == data_.end()) return;
    const MarkerData& more = *data->second;
    if (more.payload != kNoText) detail(span, "payload", log_->text(more.payload));
    if (more.category != 0) detail(span, "category", std::to_string(more.category));
    if (more.colour != 0) detail(span, "colour", fmt::format("#{:08x}", more.colour));
  }

  void end_open_ranges() {
    for (const auto& [id, start] : ranges_) {
      range(*start, limits_.last);
      out_.add_health("range_never_ended", 1,
                      "ranges that were not seen to end last to the last time stamp");
    }
  }

  void join_calls() {
    for (const auto& [correlation, span] : launched_) {
      const auto call = calls_.find(correlation);
      if (call != calls_.end()) out_.add_flow(call->second, span);
      const auto external = external_.find(correlation);
      if (external != external_.end())
        detail(span, "external_id", std::to_string(external->second));
    }
    external_.clear();
  }

  SpanTraceBuilder& out_;
  const Limits& limits_;
  bool many_processes_;
  const CaptureLog* log_ = nullptr;
  std::map<std::tuple<LaneKind, std::uint8_t, std::string>, std::uint32_t> rows_{};
  // Of the process at hand, by correlation id: spans of API calls, external ids.
  std::unordered_map<std::uint32_t, std::uint32_t> calls_{};
  std::unordered_map<std::uint32_t, std::uint64_t> external_{};
  std::vector<std::pair<std::uint32_t, std::uint32_t>> launched_{};  // correlation, span
  std::map<std::uint64_t, const Marker*> ranges_{};                  // open, by id
  std::unordered_map<std::uint64_t, const MarkerData*> data_{};
};

Limits limits_of(std::span<const CaptureLog> logs) {
  Limits limits;
  for (const CaptureLog& log : logs) {
    for (const Activity& activity : log.activities) std::visit(limits, activity);
  }
  return limits;
}

Trace make_trace(std::span<const CaptureLog> logs, const Limits& limits) {
  SpanTraceBuilder builder;
  builder.set_meta("source", "imported");
  for (const CaptureLog& log : logs) {
    if (!log.tool.empty()) builder.set_meta("captured_by", log.tool);
  }
  Maker maker(builder, limits, logs.size());
  for (const CaptureLog& log : logs) maker.add(log);
  return std::move(builder).build();
}

}  // namespace

Trace make_trace(std::span<const CaptureLog> logs) { return make_trace(logs, limits_of(logs)); }

Trace make_trace(const CaptureLog& log, Time zero) {
  Limits limits = limits_of({&log, 1});
  limits.first = zero;
  return make_trace({&log, 1}, limits);
}

}  // namespace mk::capture
