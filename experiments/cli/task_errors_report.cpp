#include "experiments/cli/task_errors_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "experiments/cli/table.h"

namespace mk::cli {
namespace {

constexpr std::array<std::pair<const char*, double TaskError::*>, 7> kColumns = {{
    {"start_us", &TaskError::start_us},
    {"layer_start_us", &TaskError::layer_start_us},
    {"inherited_us", &TaskError::inherited_us},
    {"queue_us", &TaskError::queue_us},
    {"hand_off_us", &TaskError::hand_off_us},
    {"duration_us", &TaskError::duration_us},
    {"duration_error", &TaskError::duration},
}};

const OperatorErrors* find(const std::vector<OperatorErrors>& rows, const std::string& name) {
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [&](const OperatorErrors& row) { return row.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

std::string worker_name(const Straggler& last) {
  return last.device == 0 ? fmt::format("{}", last.worker)
                          : fmt::format("gpu{}:{}", last.device, last.worker);
}

void add_last(Json& json, const std::string& side, const std::optional<Straggler>& last) {
  json[side + "_last_worker"] = last ? worker_name(*last) : "";
  json[side + "_last_share"] = last ? last->share : 0;
}

std::string last_text(const std::optional<Straggler>& last) {
  return last ? fmt::format("{} ({:.0f} %)", worker_name(*last), last->share * 100) : "";
}

// "1.20 | 0.80": the prediction's, and between two measured runs.
std::string beside(const OperatorErrors& row, const OperatorErrors* floor,
                   double TaskError::*column, double factor = 1) {
  const std::string mine = fmt::format("{:.2f}", factor * row.median.*column);
  return floor == nullptr ? mine : fmt::format("{} | {:.2f}", mine, factor * floor->median.*column);
}

}  // namespace

Json task_errors_json(const std::vector<OperatorErrors>& rows,
                      const std::vector<OperatorErrors>& floor) {
  Json all = Json::array();
  for (const OperatorErrors& row : rows) {
    Json json = {{"operator", row.name}, {"tasks", row.tasks}};
    for (const auto& [name, column] : kColumns) json[name] = row.median.*column;
    for (const auto& [name, column] : kColumns) json[fmt::format("p95_{}", name)] = row.p95.*column;
    json["predicted_skew_us"] = row.predicted_skew_us;
    json["measured_skew_us"] = row.measured_skew_us;
    add_last(json, "predicted", row.predicted_last);
    add_last(json, "measured", row.measured_last);
    if (const OperatorErrors* same = find(floor, row.name); same != nullptr) {
      for (const auto& [name, column] : kColumns) {
        json[fmt::format("floor_{}", name)] = same->median.*column;
      }
      json["floor_skew_us"] = same->predicted_skew_us;
    }
    all.push_back(std::move(json));
  }
  return all;
}

std::string task_errors_text(const std::vector<OperatorErrors>& rows,
                             const std::vector<OperatorErrors>& floor) {
  Table table({"operator", "tasks", "start us", "in layer us", "inherited us", "queue us",
               "hand-off us", "duration us", "duration %", "skew us", "last worker"});
  for (const OperatorErrors& row : rows) {
    const OperatorErrors* same = find(floor, row.name);
    const bool is_barrier = row.measured_last.has_value();
    table.add(
        {row.name, fmt::format("{}", row.tasks), beside(row, same, &TaskError::start_us),
         beside(row, same, &TaskError::layer_start_us), beside(row, same, &TaskError::inherited_us),
         beside(row, same, &TaskError::queue_us), beside(row, same, &TaskError::hand_off_us),
         beside(row, same, &TaskError::duration_us), beside(row, same, &TaskError::duration, 100),
         is_barrier ? fmt::format("{:.2f} / {:.2f}", row.predicted_skew_us, row.measured_skew_us)
                    : "",
         is_barrier
             ? fmt::format("{} / {}", last_text(row.predicted_last), last_text(row.measured_last))
             : ""});
  }
  return fmt::format(
      "\nerrors of tasks, medians of |predicted - measured|{}; start = inherited + queue + "
      "hand-off;\nskew of a barrier (last - median finisher) and who is last most often: predicted "
      "/ measured:\n{}",
      floor.empty() ? "" : " | the same between the two measured runs", table.str());
}

}  // namespace mk::cli
