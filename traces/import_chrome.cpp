#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "traces/chrome_events.h"
#include "traces/import.h"
#include "traces/span_trace.h"

namespace mk {
namespace {

// A thread, or the asynchronous events of a category.
struct Timeline {
  std::uint32_t row = 0;
  std::string name{};
  std::optional<LaneKind> kind{};      // where the file says it: an export of ours
  std::vector<std::uint32_t> begun{};  // spans of B without an E yet
  std::vector<std::uint32_t> spans{};  // for arrows
};

struct ArrowEnd {
  std::string key{};  // category, name, id
  Timeline* timeline = nullptr;
  Nanoseconds time = 0;
  char phase = 0;
  bool binds_to_enclosing = false;
};

class ChromeImporter {
 public:
  void take(ChromeEvent&& event) {
    switch (event.phase) {
      case 'M':
        return name_something(event);
      case 'X':
        return complete(event);
      case 'B':
        return begin(event);
      case 'E':
        return end(event);
      case 'i':
      case 'I':
      case 'R':
      case 'n':
        return instant(event);
      case 'b':
        return begin_async(event);
      case 'e':
        return end_async(event);
      case 'C':
        return counter(event);
      case 's':
      case 't':
      case 'f':
        return arrow(event);
      default:
        leave_out("unknown_event", "events of a phase that is not imported");
    }
  }

  Imported finish(const ChromeReading& reading) {
    end_what_is_open();
    name_rows();
    join_arrows();
    if (reading.is_truncated) {
      builder_.add_health("truncated", 1,
                          "the file ends before its JSON does: what came before is kept");
    }
    if (reading.values_left_out > 0) {
      builder_.add_health("nested_arguments", static_cast<std::int64_t>(reading.values_left_out),
                          "values of arguments that are nested deeper than two levels");
    }
    builder_.set_meta("source", "imported");
    builder_.set_meta("format", "chrome");
    Imported out;
    counts_.slices = builder_.span_count();
    out.counts = counts_;
    out.trace = std::move(builder_).build();
    return out;
  }

 private:
  void leave_out(std::string_view kind, std::string_view message) {
    ++counts_.left_out;
    builder_.add_health(kind, 1, message);
  }
  void no_time() { leave_out("no_time_stamp", "events without usable times are left out"); }

  static std::uint8_t device_of(const std::string& process) {
    std::uint8_t device = 0;
    const char* end = process.data() + process.size();
    const auto [stop, error] = std::from_chars(process.data(), end, device);
    return error == std::errc() && stop == end ? device : std::uint8_t{0};
  }

  Timeline& timeline(const std::string& process, const std::string& thread, bool is_async = false) {
    const auto [at, is_new] = timelines_.try_emplace(std::tuple(is_async, process, thread));
    if (is_new) {
      at->second.row = builder_.add_row(LaneKind::kApi, device_of(process), {});
      order_.push_back(&*at);
    }
    return at->second;
  }

  // --- names

  void name_something(const ChromeEvent& event) {
    const auto argument = [&](std::string_view key) -> const std::string* {
      for (const auto& [name, value] : event.arguments) {
        if (name == key) return &value;
      }
      return nullptr;
    };
    const std::string* name = argument("name");
    if (event.name == "process_name" && name != nullptr) processes_[event.process] = *name;
    if (event.name != "thread_name" || name == nullptr) return;
    Timeline& at = timeline(event.process, event.thread);
    at.name = *name;
    if (const std::string* kind = argument("kind")) at.kind = lane_kind_from_name(*kind);
  }

  static LaneKind guess_kind(const std::string& name) {
    return name.find("stream") != std::string::npos ? LaneKind::kStream : LaneKind::kApi;
  }

  void name_rows() {
    for (auto* entry : order_) {
      const auto& [is_async, process, thread] = entry->first;
      Timeline& at = entry->second;
      const auto known = processes_.find(process);
      std::string name = at.name.empty() ? (is_async ? thread : "thread " + thread) : at.name;
      if (known != processes_.end() && !known->second.empty()) name = known->second + " " + name;
      if (known == processes_.end() && at.name.empty()) name = "process " + process + " " + name;
      builder_.rename_row(at.row, at.kind.value_or(guess_kind(name)), name);
    }
  }

  // --- spans

  std::uint32_t add(Timeline& at, const ChromeEvent& event, Nanoseconds start, Nanoseconds end) {
    const std::uint32_t span = builder_.add_span(at.row, builder_.intern(event.name), start, end);
    at.spans.push_back(span);
    add_arguments(span, event);
    return span;
  }

  void add_arguments(std::uint32_t span, const ChromeEvent& event) {
    for (const auto& [key, value] : event.arguments) {
      builder_.add_detail(span, builder_.intern(key), builder_.intern(value));
    }
  }

  void complete(const ChromeEvent& event) {
    if (!event.time) return no_time();
    const Nanoseconds length = event.duration.value_or(0);
    add(timeline(event.process, event.thread), event, *event.time, *event.time + length);
  }

  void begin(const ChromeEvent& event) {
    if (!event.time) return no_time();
    Timeline& at = timeline(event.process, event.thread);
    at.begun.push_back(add(at, event, *event.time, *event.time));
  }

  void end(const ChromeEvent& event) {
    if (!event.time) return no_time();
    Timeline& at = timeline(event.process, event.thread);
    if (at.begun.empty())
      return leave_out("end_without_begin", "ends without a begin are left out");
    builder_.end_span(at.begun.back(), *event.time);
    add_arguments(at.begun.back(), event);
    at.begun.pop_back();
  }

  void instant(const ChromeEvent& event) {
    if (!event.time) return no_time();
    add(timeline(event.process, event.thread), event, *event.time, *event.time);
  }

  static std::string async_key(const ChromeEvent& event) {
    return event.process + '\n' + event.category + '\n' + event.id + '\n' + event.name;
  }

  void begin_async(const ChromeEvent& event) {
    if (!event.time) return no_time();
    Timeline& at = timeline(event.process, event.category, true);
    async_[async_key(event)].push_back(add(at, event, *event.time, *event.time));
  }

  void end_async(const ChromeEvent& event) {
    if (!event.time) return no_time();
    const auto open = async_.find(async_key(event));
    if (open == async_.end()) {
      return leave_out("end_without_begin", "ends without a begin are left out");
    }
    builder_.end_span(open->second.back(), *event.time);
    open->second.pop_back();
    if (open->second.empty()) async_.erase(open);
  }

  void end_what_is_open() {
    std::int64_t open = 0;
    for (const auto& [key, at] : timelines_) open += static_cast<std::int64_t>(at.begun.size());
    for (const auto& [key, spans] : async_) open += static_cast<std::int64_t>(spans.size());
    if (open > 0)
      builder_.add_health("begin_without_end", open, "begins without an end have length 0");
  }

  // --- counters and arrows

  void counter(const ChromeEvent& event) {
    if (!event.time) return no_time();
    for (const auto& [key, text] : event.arguments) {
      double value = 0;
      const char* end = text.data() + text.size();
      const auto [stop, error] = std::from_chars(text.data(), end, value);
      if (error != std::errc() || stop != end || !std::isfinite(value)) {
        leave_out("no_number", "values of counters that are no numbers");
        continue;
      }
      const std::string track = key == "value" ? event.name : event.name + " " + key;
      builder_.add_counter(builder_.intern(track), *event.time, value);
      ++counts_.counters;
    }
  }

  void arrow(const ChromeEvent& event) {
    if (!event.time) return no_time();
    arrows_.push_back({event.category + '\n' + event.name + '\n' + event.id,
                       &timeline(event.process, event.thread), *event.time, event.phase,
                       event.binding == "e" || event.phase != 'f'});
  }

  // The innermost span around the instant, or the next one. kNoIndex iff there is none. Requires:
  // `spans` by start, the longer first.
  std::uint32_t slice_at(const std::vector<std::uint32_t>& spans, const ArrowEnd& at) const {
    constexpr std::ptrdiff_t kDeepest = 64;
    const auto after = std::upper_bound(
        spans.begin(), spans.end(), at.time,
        [&](Nanoseconds t, std::uint32_t span) { return t < builder_.start_of(span); });
    if (!at.binds_to_enclosing) {
      const auto next = std::lower_bound(
          spans.begin(), spans.end(), at.time,
          [&](std::uint32_t span, Nanoseconds t) { return builder_.start_of(span) < t; });
      return next == spans.end() ? kNoIndex : *next;
    }
    const auto first = after - std::min(kDeepest, after - spans.begin());
    for (auto span = after; span != first;) {
      --span;
      const Nanoseconds end = builder_.end_of(*span);
      if (end > at.time || (end == at.time && builder_.start_of(*span) == at.time)) return *span;
    }
    return kNoIndex;
  }

  void join_arrows() {
    for (auto* entry : order_) {
      std::vector<std::uint32_t>& spans = entry->second.spans;
      std::stable_sort(spans.begin(), spans.end(), [&](std::uint32_t a, std::uint32_t b) {
        return std::tuple(builder_.start_of(a), builder_.end_of(b)) <
               std::tuple(builder_.start_of(b), builder_.end_of(a));
      });
    }
    std::stable_sort(arrows_.begin(), arrows_.end(),
                     [](const ArrowEnd& a, const ArrowEnd& b) { return a.time < b.time; });
    std::unordered_map<std::string, std::uint32_t> tails;
    for (const ArrowEnd& at : arrows_) {
      const std::uint32_t span = slice_at(at.timeline->spans, at);
      const auto tail = tails.find(at.key);
      if (span == kNoIndex || (at.phase != 's' && tail == tails.end())) {
        leave_out("loose_arrow", "ends of arrows that meet no slice or no beginning");
        continue;
      }
      if (at.phase != 's') {
        builder_.add_flow(tail->second, span);
        ++counts_.flows;
      }
      if (at.phase != 'f') tails[at.key] = span;
    }
  }

  using Key = std::tuple<bool, std::string, std::string>;

  SpanTraceBuilder builder_{};
  ImportCounts counts_{};
  std::map<Key, Timeline> timelines_{};
  std::vector<std::pair<const Key, Timeline>*> order_{};  // of appearance
  std::unordered_map<std::string, std::string> processes_{};
  std::unordered_map<std::string, std::vector<std::uint32_t>> async_{};
  std::vector<ArrowEnd> arrows_{};
};

}  // namespace

Result<Imported> import_chrome(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return fail(ErrorCode::kIo, fmt::format("{}: cannot open: {}", path, std::strerror(errno)));
  }
  ChromeImporter importer;
  const Result<ChromeReading> reading =
      read_chrome_events(file, [&](ChromeEvent&& event) { importer.take(std::move(event)); });
  if (!reading) return with_context(path, reading.error());
  Imported out = importer.finish(*reading);
  out.trace.meta["imported_from"] = path;
  return out;
}

}  // namespace mk
