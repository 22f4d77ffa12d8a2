#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "traces/export_events.h"

namespace mk {
namespace {

std::string json_text(std::string_view text) {
  // Names come from files of others: what is no UTF-8 must not end the export.
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Nanoseconds as microseconds, to the last digit.
std::string us(Nanoseconds ns) {
  const Nanoseconds absolute = ns < 0 ? -ns : ns;
  return fmt::format("{}{}.{:03}", ns < 0 ? "-" : "", absolute / 1000, absolute % 1000);
}

class ChromeWriter {
 public:
  ChromeWriter(const Trace& trace, TextFile& file) : trace_(trace), file_(file) {}

  ExportCounts run() {
    file_.put("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n");
    const ExportCounts counts = export_events(trace_, arrows_, *this);
    file_.put("\n],\"otherData\":{");
    bool first = true;
    for (const auto& [key, value] : trace_.meta) {
      file_.put(fmt::format("{}{}:{}", first ? "" : ",", json_text(key), json_text(value)));
      first = false;
    }
    file_.put("}}\n");
    return counts;
  }

  void lane(std::uint32_t lane) {
    // "kind" is ours: an import of this file then knows it.
    event(fmt::format(
        "{{\"ph\":\"M\",{},\"name\":\"thread_name\",\"args\":{{\"name\":{},\"kind\":\"{}\"}}}}",
        place(lane), json_text(lane_name(trace_.lanes[lane])), name_of(trace_.lanes[lane].kind)));
    event(fmt::format(
        "{{\"ph\":\"M\",{},\"name\":\"thread_sort_index\",\"args\":{{\"sort_index\":{}}}}}",
        place(lane), lane));
  }

  void slice(const SliceEvent& of) {
    const SliceColumns& s = trace_.slices;
    const std::uint32_t k = of.slice;
    event(fmt::format(
        "{{\"ph\":\"X\",{},\"name\":{},\"cat\":\"{}\",\"ts\":{},\"dur\":{},\"args\":{{{}}}}}",
        place(s.lane[k]), json_text(of.title.name), of.title.category, us(s.start[k]),
        us(s.end[k] - s.start[k]), arguments(of)));
    for (const std::uint32_t arrow : of.in) flow(arrow);
  }

  void counter(const CounterSample& sample) {
    event(fmt::format("{{\"ph\":\"C\",\"pid\":0,\"name\":{},\"ts\":{},\"args\":{{\"value\":{}}}}}",
                      json_text(trace_.strings[sample.track]), us(sample.time),
                      nlohmann::json(sample.value).dump()));
  }

 private:
  void event(const std::string& text) {
    file_.put(is_first_ ? text : ",\n" + text);
    is_first_ = false;
  }

  // Processes are devices, threads are lanes.
  std::string place(std::uint32_t lane) const {
    return fmt::format("\"pid\":{},\"tid\":{}", trace_.lanes[lane].device, lane);
  }

  std::string arguments(const SliceEvent& of) const {
    const SliceColumns& s = trace_.slices;
    const std::uint32_t k = of.slice;
    std::string args;
    const auto add = [&](const std::string& name, const std::string& value) {
      args += fmt::format("{}{}:{}", args.empty() ? "" : ",", name, value);
    };
    if (s.is_task(k)) add("\"task\"", std::to_string(s.task[k]));
    if (s.iteration[k] != kNoIndex) add("\"iteration\"", std::to_string(s.iteration[k]));
    for_each_instant(s, k, [&](std::string_view name, Nanoseconds at) {
      add(fmt::format("\"{}_us\"", name), us(at));
    });
    if (s.bound[k] != Bound::kUnknown) add("\"bound\"", json_text(name_of(s.bound[k])));
    for (const SliceDetail& detail : of.details)
      add(json_text(trace_.strings[detail.key]), json_text(trace_.strings[detail.value]));
    return args;
  }

  void flow(std::uint32_t id) {
    const SliceColumns& s = trace_.slices;
    const auto [producer, consumer] = arrows_[id];
    // A flow belongs to the slice around its instant: the producer's last nanosecond, or, where the
    // consumer began earlier, that instant.
    const Nanoseconds from =
        std::max(s.start[producer], std::min(s.end[producer] - 1, s.start[consumer]));
    constexpr std::string_view kForm =
        "{{\"ph\":\"{}\",{},\"name\":\"event\",\"cat\":\"flow\",\"id\":{},\"ts\":{}{}}}";
    event(fmt::format(kForm, "s", place(s.lane[producer]), id, us(from), ""));
    event(fmt::format(kForm, "f", place(s.lane[consumer]), id, us(s.start[consumer]),
                      ",\"bp\":\"e\""));
  }

  const Trace& trace_;
  TextFile& file_;
  const std::vector<SliceFlow> arrows_ = arrows_of(trace_);
  bool is_first_ = true;
};

}  // namespace

Result<ExportCounts> export_chrome(const Trace& trace, const std::string& path) {
  return write_export(path, [&](TextFile& file) { return ChromeWriter(trace, file).run(); });
}

}  // namespace mk
