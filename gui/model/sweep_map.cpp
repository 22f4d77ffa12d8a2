#include "gui/model/sweep_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "core/check.h"
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

std::string text_of(const SweepPoint& point, const SweepAxis& axis) {
  return axis.text != nullptr ? point.*axis.text : std::to_string(point.*axis.number);
}

const SweepAxis& axis_named(std::string_view name) {
  const auto* found = std::find_if(kSweepAxes.begin(), kSweepAxes.end(),
                                   [&](const SweepAxis& axis) { return axis.name == name; });
  MK_CHECK(found != kSweepAxes.end(), "a choice names axes");
  return *found;
}

// A row of the axes and, last, the time.
SweepCell cell_of(const std::vector<std::optional<std::string>>& row) {
  SweepCell cell;
  for (std::size_t a = 0; a < kSweepAxes.size(); ++a) {
    if (kSweepAxes[a].text != nullptr) {
      cell.point.*kSweepAxes[a].text = text(row[a]);
    } else {
      cell.point.*kSweepAxes[a].number = std::strtoull(text(row[a]).c_str(), nullptr, 10);
    }
  }
  cell.iteration_us = std::strtod(text(row.back()).c_str(), nullptr);
  return cell;
}

std::string quoted(std::string text) {
  for (std::size_t at = text.find('\''); at != std::string::npos; at = text.find('\'', at + 2))
    text.insert(at, "'");
  return "'" + text + "'";
}

std::string condition(const SweepChoice& choice) {
  std::string condition = "1";
  for (const auto& [axis, value] : choice.values) {
    if (axis != choice.across && axis != choice.upwards)
      condition += fmt::format(" AND CAST(\"{}\" AS TEXT) = {}", axis, quoted(value));
  }
  return condition;
}

Result<std::vector<std::string>> values_of(const std::string& path, std::string_view axis,
                                           const std::string& where) {
  const Result<QueryTable> table =
      ask(path, fmt::format("SELECT DISTINCT \"{}\" FROM point WHERE {} ORDER BY 1", axis, where));
  if (!table) return tl::unexpected(table.error());
  std::vector<std::string> values;
  for (const auto& row : table->rows) values.push_back(text(row[0]));
  return values;
}

std::size_t place_of(const std::vector<std::string>& values, const std::string& value) {
  const auto found = std::find(values.begin(), values.end(), value);
  return static_cast<std::size_t>(found - values.begin());
}

// Grids that are made for each split's own workers are no choice.
Result<bool> grids_follow_workers(const std::string& path) {
  const Result<QueryTable> others =
      ask(path, "SELECT 1 FROM point WHERE grid_workers <> workers LIMIT 1");
  if (!others) return tl::unexpected(others.error());
  return others->rows.empty();
}

Result<std::vector<OpenAxis>> open_axes(const std::string& path) {
  const Result<bool> follow = grids_follow_workers(path);
  if (!follow) return tl::unexpected(follow.error());
  std::vector<OpenAxis> axes;
  for (const SweepAxis& axis : kSweepAxes) {
    if (*follow && axis.name == "grid_workers") continue;
    Result<std::vector<std::string>> values = values_of(path, axis.name, "1");
    if (!values) return tl::unexpected(values.error());
    if (values->size() > 1) axes.push_back({std::string(axis.name), std::move(*values)});
  }
  return axes;
}

// Workers and schedulers where they vary; in their place else the first axes that do.
SweepChoice first_choice(const std::vector<OpenAxis>& axes) {
  SweepChoice choice;
  const auto is_open = [&](const std::string& name) {
    return std::any_of(axes.begin(), axes.end(), [&](const OpenAxis& a) { return a.name == name; });
  };
  const auto replace = [&](std::string& axis, const std::string& other) {
    if (is_open(axis)) return;
    for (const OpenAxis& open : axes) {
      if (open.name == other || open.name == "seed") continue;
      axis = open.name;
      return;
    }
  };
  replace(choice.across, choice.upwards);
  replace(choice.upwards, choice.across);
  return choice;
}

// Axes that change no slice.
bool is_indifferent(std::string_view axis) { return axis == "engine" || axis == "span"; }

}  // namespace

const SweepCell* SweepMap::at(const std::string& column, const std::string& row) const {
  const auto found = std::find_if(cells.begin(), cells.end(), [&](const SweepCell& c) {
    return columns[c.column] == column && rows[c.row] == row;
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

Result<SweepMap> read_sweep_map(const std::string& path, const SweepChoice& choice) {
  const SweepAxis& across = axis_named(choice.across);
  const SweepAxis& upwards = axis_named(choice.upwards);
  std::string columns;
  for (const SweepAxis& axis : kSweepAxes) columns += fmt::format("\"{}\", ", axis.name);
  const std::string where = condition(choice);
  const std::string is_there = "refused = '' AND " + where;
  Result<std::vector<std::string>> x = values_of(path, across.name, is_there);
  if (!x) return tl::unexpected(x.error());
  Result<std::vector<std::string>> y = values_of(path, upwards.name, is_there);
  if (!y) return tl::unexpected(y.error());
  // SQLite gives the other columns of the row that has the minimum.
  const Result<QueryTable> table =
      ask(path, fmt::format("SELECT {0} min(iteration_us) FROM point WHERE {1} "
                            "GROUP BY \"{2}\", \"{3}\" ORDER BY \"{2}\", \"{3}\"",
                            columns, is_there, upwards.name, across.name));
  if (!table) return tl::unexpected(table.error());
  const Result<QueryTable> refused =
      ask(path, fmt::format("SELECT count(*) FROM point WHERE refused <> '' AND {}", where));
  if (!refused) return tl::unexpected(refused.error());
  SweepMap map;
  map.across = choice.across;
  map.upwards = choice.upwards;
  map.columns = std::move(*x);
  map.rows = std::move(*y);
  map.refused = std::strtoull(text(refused->rows[0][0]).c_str(), nullptr, 10);
  for (const auto& row : table->rows) {
    SweepCell cell = cell_of(row);
    cell.column = place_of(map.columns, text_of(cell.point, across));
    cell.row = place_of(map.rows, text_of(cell.point, upwards));
    // A file that changed between two questions.
    if (cell.column == map.columns.size() || cell.row == map.rows.size()) continue;
    map.cells.push_back(std::move(cell));
  }
  const double best = map.best();
  for (const SweepCell& cell : map.cells) {
    if (cell.iteration_us == best)
      map.title = fmt::format("{} on {}", cell.point.model, cell.point.machine);
  }
  return map;
}

Result<OpenedSweep> read_sweep_file(const std::string& path) {
  Result<std::vector<OpenAxis>> axes = open_axes(path);
  if (!axes) return tl::unexpected(axes.error());
  OpenedSweep sweep{std::move(*axes), {}, {}};
  sweep.choice = first_choice(sweep.axes);
  Result<SweepMap> map = read_sweep_map(path, sweep.choice);
  if (!map) return tl::unexpected(map.error());
  sweep.map = std::move(*map);
  return sweep;
}

std::string what_differs(const SweepPoint& point, const SweepPoint& plain) {
  std::string text;
  for (const SweepAxis& axis : kSweepAxes) {
    const std::string value = text_of(point, axis);
    if (is_indifferent(axis.name) || value == text_of(plain, axis)) continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", axis.name, value);
  }
  return text;
}

}  // namespace mk::gui
