#include "gui/model/sweep_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "traces/query.h"

namespace mk::gui {
namespace {

constexpr const char* kApplicationId = "1296782167";  // "MKSW"
constexpr std::size_t kMostPoints = 1'000'000;

Result<QueryTable> ask(const std::string& path, std::string_view sql) {
  Result<QueryConnection> connection = QueryConnection::open(path);
  if (!connection) return tl::unexpected(connection.error());
  Result<QueryTable> table = connection->run(sql, kMostPoints);
  if (!table) return with_context(path, table.error());
  return table;
}

std::string text(const std::optional<std::string>& cell) { return cell.value_or(""); }
std::uint32_t number(const std::optional<std::string>& cell) {
  return static_cast<std::uint32_t>(std::strtoul(text(cell).c_str(), nullptr, 10));
}

SweepCell cell_of(const std::vector<std::optional<std::string>>& row) {
  SweepCell cell;
  cell.workers = number(row[0]);
  cell.schedulers = number(row[1]);
  cell.iteration_us = std::strtod(text(row[2]).c_str(), nullptr);
  cell.best.model = text(row[3]);
  cell.best.machine = text(row[4]);
  cell.best.policy = policy_from_name(text(row[5])).value_or(PolicyKind::kHybrid);
  cell.best.placement = placement_from_name(text(row[6])).value_or(Placement::kRoundRobin);
  cell.best.workers = cell.workers;
  cell.best.schedulers = cell.schedulers;
  cell.best.context = std::max(1U, number(row[7]));
  cell.best.seed = number(row[8]);
  return cell;
}

}  // namespace

const SweepCell* SweepMap::at(std::uint32_t workers_of, std::uint32_t schedulers_of) const {
  const auto found = std::find_if(cells.begin(), cells.end(), [&](const SweepCell& c) {
    return c.workers == workers_of && c.schedulers == schedulers_of;
  });
  return found == cells.end() ? nullptr : &*found;
}

double SweepMap::best() const {
  double best = cells.empty() ? 0 : cells.front().iteration_us;
  for (const SweepCell& c : cells) best = std::min(best, c.iteration_us);
  return best;
}

double SweepMap::worst() const {
  double worst = 0;
  for (const SweepCell& c : cells) worst = std::max(worst, c.iteration_us);
  return worst;
}

bool is_sweep_file(const std::string& path) {
  const Result<QueryTable> id = ask(path, "PRAGMA application_id");
  return id && !id->rows.empty() && text(id->rows[0][0]) == kApplicationId;
}

Result<std::vector<std::string>> sweep_policies(const std::string& path) {
  const Result<QueryTable> table = ask(path, "SELECT DISTINCT policy FROM point ORDER BY 1");
  if (!table) return tl::unexpected(table.error());
  std::vector<std::string> policies;
  for (const auto& row : table->rows) policies.push_back(text(row[0]));
  return policies;
}

Result<SweepMap> read_sweep_map(const std::string& path, const std::string& policy) {
  std::string quoted = policy;
  for (std::size_t at = quoted.find('\''); at != std::string::npos; at = quoted.find('\'', at + 2))
    quoted.insert(at, "'");
  const std::string where = policy.empty() ? "1" : fmt::format("policy = '{}'", quoted);
  // SQLite gives the other columns of the row that has the minimum.
  const Result<QueryTable> table = ask(
      path, fmt::format("SELECT workers, schedulers, min(iteration_us), model, machine, policy, "
                        "placement, context, seed FROM point WHERE refused = '' AND {} "
                        "GROUP BY schedulers, workers ORDER BY schedulers, workers",
                        where));
  if (!table) return tl::unexpected(table.error());
  const Result<QueryTable> refused =
      ask(path, fmt::format("SELECT count(*) FROM point WHERE refused <> '' AND {}", where));
  if (!refused) return tl::unexpected(refused.error());
  SweepMap map;
  map.refused = number(refused->rows[0][0]);
  std::set<std::uint32_t> workers;
  std::set<std::uint32_t> schedulers;
  for (const auto& row : table->rows) {
    map.cells.push_back(cell_of(row));
    workers.insert(map.cells.back().workers);
    schedulers.insert(map.cells.back().schedulers);
  }
  map.workers.assign(workers.begin(), workers.end());
  map.schedulers.assign(schedulers.begin(), schedulers.end());
  if (!map.cells.empty())
    map.title = fmt::format("{} on {}", map.cells[0].best.model, map.cells[0].best.machine);
  return map;
}

Result<OpenedSweep> read_sweep_file(const std::string& path) {
  Result<std::vector<std::string>> policies = sweep_policies(path);
  if (!policies) return tl::unexpected(policies.error());
  Result<SweepMap> map = read_sweep_map(path);
  if (!map) return tl::unexpected(map.error());
  return OpenedSweep{std::move(*policies), std::move(*map)};
}

}  // namespace mk::gui
