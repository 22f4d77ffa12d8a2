#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "traces/export_parts.h"
#include "traces/flows.h"

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
    name_lanes();
    for (std::size_t k = 0; k < trace_.slices.size(); ++k) slice(k);
    flows();
    for (const CounterSample& sample : trace_.counters) counter(sample);
    file_.put("\n],\"otherData\":{");
    bool first = true;
    for (const auto& [key, value] : trace_.meta) {
      file_.put(fmt::format("{}{}:{}", first ? "" : ",", json_text(key), json_text(value)));
      first = false;
    }
    file_.put("}}\n");
    counts_.left_out = trace_.activations.size();
    return counts_;
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

  void name_lanes() {
    for (std::uint32_t lane = 0; lane < trace_.lanes.size(); ++lane) {
      // "kind" is ours: an import of this file then knows it.
      event(fmt::format(
          "{{\"ph\":\"M\",{},\"name\":\"thread_name\",\"args\":{{\"name\":{},\"kind\":\"{}\"}}}}",
          place(lane), json_text(lane_name(trace_.lanes[lane])), name_of(trace_.lanes[lane].kind)));
      event(fmt::format(
          "{{\"ph\":\"M\",{},\"name\":\"thread_sort_index\",\"args\":{{\"sort_index\":{}}}}}",
          place(lane), lane));
    }
  }

  std::string arguments(std::size_t k) {
    const SliceColumns& s = trace_.slices;
    std::string args;
    const auto add = [&](std::string_view name, const std::string& value) {
      args += fmt::format("{}\"{}\":{}", args.empty() ? "" : ",", name, value);
    };
    if (s.is_task(k)) add("task", std::to_string(s.task[k]));
    if (s.iteration[k] != kNoIndex) add("iteration", std::to_string(s.iteration[k]));
    const auto instant = [&](std::string_view name, Nanoseconds at) {
      if (at != kNotTaken) add(name, us(at));
    };
    instant("enqueued_us", s.enqueued[k]);
    instant("fetched_us", s.fetched[k]);
    instant("ready_us", s.ready[k]);
    instant("preload_us", s.preload[k]);
    instant("page_us", s.page[k]);
    instant("first_data_us", s.first_data[k]);
    instant("notified_us", s.notified[k]);
    if (s.bound[k] != Bound::kUnknown) add("bound", json_text(name_of(s.bound[k])));
    for (; next_detail_ < trace_.details.size() && trace_.details[next_detail_].slice <= k;
         ++next_detail_) {
      const SliceDetail& detail = trace_.details[next_detail_];
      if (detail.slice != k) continue;
      args += fmt::format("{}{}:{}", args.empty() ? "" : ",", json_text(trace_.strings[detail.key]),
                          json_text(trace_.strings[detail.value]));
    }
    return args;
  }

  void slice(std::size_t k) {
    const SliceColumns& s = trace_.slices;
    const auto [name, category] = slice_title(trace_, k);
    event(fmt::format(
        "{{\"ph\":\"X\",{},\"name\":{},\"cat\":\"{}\",\"ts\":{},\"dur\":{},\"args\":{{{}}}}}",
        place(s.lane[k]), json_text(name), category, us(s.start[k]), us(s.end[k] - s.start[k]),
        arguments(k)));
    ++counts_.slices;
  }

  void flows() {
    const std::vector<SliceFlow> arrows = arrows_of(trace_);
    for (std::size_t id = 0; id < arrows.size(); ++id) flow(id, arrows[id].from, arrows[id].to);
  }

  void flow(std::size_t id, std::uint32_t producer, std::uint32_t consumer) {
    const SliceColumns& s = trace_.slices;
    // A flow belongs to the slice around its instant: the producer's last nanosecond, or, where the
    // consumer began earlier, that instant.
    const Nanoseconds from =
        std::max(s.start[producer], std::min(s.end[producer] - 1, s.start[consumer]));
    constexpr std::string_view kForm =
        "{{\"ph\":\"{}\",{},\"name\":\"event\",\"cat\":\"flow\",\"id\":{},\"ts\":{}{}}}";
    event(fmt::format(kForm, "s", place(s.lane[producer]), id, us(from), ""));
    event(fmt::format(kForm, "f", place(s.lane[consumer]), id, us(s.start[consumer]),
                      ",\"bp\":\"e\""));
    ++counts_.flows;
  }

  void counter(const CounterSample& sample) {
    event(fmt::format("{{\"ph\":\"C\",\"pid\":0,\"name\":{},\"ts\":{},\"args\":{{\"value\":{}}}}}",
                      json_text(trace_.strings[sample.track]), us(sample.time),
                      nlohmann::json(sample.value).dump()));
    ++counts_.counters;
  }

  const Trace& trace_;
  TextFile& file_;
  ExportCounts counts_{};
  std::size_t next_detail_ = 0;
  bool is_first_ = true;
};

}  // namespace

Result<ExportCounts> export_chrome(const Trace& trace, const std::string& path) {
  return write_export(path, [&](TextFile& file) { return ChromeWriter(trace, file).run(); });
}

}  // namespace mk
