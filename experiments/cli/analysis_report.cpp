#include "experiments/cli/analysis_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/cli/table.h"
#include "profiler/analysis/bandwidth.h"
#include "profiler/analysis/hops.h"
#include "profiler/analysis/iteration_history.h"
#include "profiler/analysis/overlap.h"
#include "profiler/analysis/slack.h"

namespace mk::cli {
namespace {

constexpr std::uint32_t kBandwidthPieces = 20;

double to_us(Nanoseconds time) { return static_cast<double>(time) * 1e-3; }
std::string number(double value, int digits) { return fmt::format("{:.{}f}", value, digits); }

}  // namespace

void add_hops(const TraceIndex& index, Answer& answer) {
  Table table({"operator", "hops", "p50 us", "p95 us", "p99 us", "max us", "worker busy"});
  answer.json["hops"] = Json::array();
  for (const HopRow& row : hop_latencies(index)) {
    answer.json["hops"].push_back({{"operator", row.name},
                                   {"hops", row.hops},
                                   {"worker_busy", row.worker_busy},
                                   {"p50_us", row.p50_us},
                                   {"p95_us", row.p95_us},
                                   {"p99_us", row.p99_us},
                                   {"max_us", row.max_us}});
    table.add({row.name, std::to_string(row.hops), number(row.p50_us, 2), number(row.p95_us, 2),
               number(row.p99_us, 2), number(row.max_us, 2), std::to_string(row.worker_busy)});
  }
  answer.text +=
      "\nfrom an event's activation to the start of a task whose worker was free:\n" + table.str();
}

void add_slack(const TraceIndex& index, Answer& answer) {
  Table table({"operator", "tasks", "no slack %", "median us", "p95 us"});
  answer.json["slack"] = Json::array();
  for (const OperatorSlack& row : slack(index).operators) {
    answer.json["slack"].push_back({{"operator", row.name},
                                    {"tasks", row.tasks},
                                    {"critical_share", row.critical_share},
                                    {"median_us", row.median_us},
                                    {"p95_us", row.p95_us}});
    table.add({row.name, std::to_string(row.tasks), number(row.critical_share * 100, 1),
               number(row.median_us, 1), number(row.p95_us, 1)});
  }
  answer.text += "\nhow much later tasks could have ended at no cost:\n" + table.str();
}

void add_imbalance(const Trace& trace, Answer& answer) {
  Table table({"operator", "busiest worker / mean", "longest task / mean"});
  answer.json["imbalance"] = Json::array();
  for (const Imbalance& row : imbalances(trace)) {
    answer.json["imbalance"].push_back({{"operator", row.name},
                                        {"worker_ratio", row.worker_ratio},
                                        {"task_ratio", row.task_ratio}});
    table.add({row.name, number(row.worker_ratio, 3), number(row.task_ratio, 3)});
  }
  answer.text += "\nhow unevenly work was spread, the mean over iterations:\n" + table.str();
}

void add_bandwidth(const Trace& trace, Answer& answer) {
  Table table({"from us", "to us", "GB/s", "DRAM read GB/s"});
  answer.json["bandwidth"] = Json::array();
  for (const BandwidthSample& s : bandwidth_over_time(trace, kBandwidthPieces)) {
    Json row = {{"start_us", to_us(s.start)},
                {"end_us", to_us(s.end)},
                {"gigabytes_per_second", s.gigabytes_per_second()}};
    const std::optional<double>& counted = s.counted_gigabytes_per_second;
    if (counted) row["counted_gigabytes_per_second"] = *counted;
    answer.json["bandwidth"].push_back(std::move(row));
    table.add({number(to_us(s.start), 1), number(to_us(s.end), 1),
               number(s.gigabytes_per_second(), 2), counted ? number(*counted, 2) : "-"});
  }
  answer.text +=
      "\nweights and KV cache streamed by the tasks, and what the device's counters say:\n" +
      table.str();
}

void add_iterations(const Trace& trace, Answer& answer) {
  const IterationHistory history = iteration_history(trace);
  Json outliers = Json::array();
  for (const IterationOutlier& o : history.outliers)
    outliers.push_back({{"iteration", o.iteration}, {"excess", o.excess}});
  answer.json["iteration_history"] = {{"steady_from", history.steady_from},
                                      {"median_us", history.median_us},
                                      {"spread", history.spread},
                                      {"drift", history.drift},
                                      {"outliers", outliers},
                                      {"length_us", history.length_us}};
  Table table({"iteration", "us", "against the median %"});
  for (std::size_t i = 0; i < history.length_us.size(); ++i) {
    const double us = history.length_us[i];
    const double off = history.median_us > 0 ? us / history.median_us - 1 : 0;
    table.add({std::to_string(i), number(us, 1), fmt::format("{:+.1f}", off * 100)});
  }
  answer.text += "\n" + table.str();
}

void add_overlap(const Trace& trace, Answer& answer) {
  Table table({"device", "computing us", "communicating us", "both us", "hidden %"});
  answer.json["overlap"] = Json::array();
  for (const Overlap& o : overlaps(trace)) {
    answer.json["overlap"].push_back({{"device", o.device},
                                      {"computing_us", to_us(o.computing)},
                                      {"communicating_us", to_us(o.communicating)},
                                      {"both_us", to_us(o.both)},
                                      {"hidden", o.hidden()}});
    table.add({std::to_string(o.device), number(to_us(o.computing), 1),
               number(to_us(o.communicating), 1), number(to_us(o.both), 1),
               number(o.hidden() * 100, 1)});
  }
  answer.text += "\ncommunication behind computing:\n" + table.str();
}

std::string remarks(const Trace& trace) {
  std::string text;
  const IterationHistory history = iteration_history(trace);
  if (history.length_us.size() > 1) text += describe(history) + "\n";
  const std::vector<Imbalance> spread = imbalances(trace);
  if (!spread.empty()) {
    const auto worst = std::max_element(
        spread.begin(), spread.end(),
        [](const Imbalance& a, const Imbalance& b) { return a.worker_ratio < b.worker_ratio; });
    text += fmt::format("busiest worker {:.2f} x the mean; most uneven operator {}: {:.2f} x\n",
                        spread.front().worker_ratio, worst->name, worst->worker_ratio);
  }
  for (const Overlap& o : overlaps(trace)) {
    if (o.communicating == 0) continue;
    text += fmt::format("device {}: {:.1f} % of {:.1f} us of communication behind computing\n",
                        o.device, o.hidden() * 100, to_us(o.communicating));
  }
  return text;
}

}  // namespace mk::cli
