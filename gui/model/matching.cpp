#include "gui/model/matching.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

namespace mk::gui {
namespace {

using TileKey = std::tuple<std::string_view, std::uint32_t, std::uint8_t, std::uint32_t>;

TileKey key_of(const TraceGraph& graph, std::uint32_t task) {
  const TraceOperator& op = graph.op_of(task);
  return {op.name, op.layer.value_or(kNoIndex), op.device, graph.tasks.tile[task]};
}

// For each task of `from` the one of `to`; operators cut differently have none.
std::vector<std::uint32_t> map_by_tile(const TraceGraph& from, const TraceGraph& to,
                                       std::set<std::string>& differently_cut) {
  std::map<TileKey, std::uint32_t> tasks;
  std::map<std::tuple<std::string_view, std::uint32_t, std::uint8_t>, std::uint32_t> tiles;
  for (const TraceOperator& op : to.operators)
    tiles[{op.name, op.layer.value_or(kNoIndex), op.device}] = op.tiles;
  for (std::uint32_t t = 0; t < to.task_count(); ++t) {
    if (to.tasks.kind[t] != TaskKind::kEmpty) tasks.emplace(key_of(to, t), t);
  }
  std::vector<std::uint32_t> map(from.task_count(), kNoIndex);
  for (std::uint32_t t = 0; t < from.task_count(); ++t) {
    if (from.tasks.kind[t] == TaskKind::kEmpty) continue;
    const TraceOperator& op = from.op_of(t);
    const auto other = tiles.find({op.name, op.layer.value_or(kNoIndex), op.device});
    if (other == tiles.end() || other->second != op.tiles) {
      differently_cut.insert(op.name);
      continue;
    }
    const auto task = tasks.find(key_of(from, t));
    if (task != tasks.end()) map[t] = task->second;
  }
  return map;
}

// The slice of each [iteration][task].
std::vector<std::vector<std::uint32_t>> slices_by_task(const Trace& trace) {
  std::vector<std::vector<std::uint32_t>> slices;
  for (std::uint32_t i = 0; i < trace.iterations.size(); ++i)
    slices.emplace_back(trace.graph_of(i).task_count(), kNoIndex);
  const SliceColumns& s = trace.slices;
  for (std::size_t k = 0; k < s.size(); ++k) {
    if (s.is_task(k)) slices[s.iteration[k]][s.task[k]] = static_cast<std::uint32_t>(k);
  }
  return slices;
}

void note_difference(const char* what, const std::string& a, const std::string& b,
                     std::vector<std::string>& notes) {
  if (a != b) notes.push_back(fmt::format("{} differs: {} and {}", what, a, b));
}

std::string meta_of(const Trace& trace, const char* key) {
  const auto found = trace.meta.find(key);
  return found == trace.meta.end() ? "not said" : found->second;
}

}  // namespace

Matching match_tasks(const Trace& first, const Trace& second) {
  Matching m;
  m.partner_of_first.assign(first.slices.size(), kNoIndex);
  m.partner_of_second.assign(second.slices.size(), kNoIndex);
  const auto slices = slices_by_task(second);
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<std::uint32_t>> maps;
  std::set<std::string> differently_cut;
  const SliceColumns& s = first.slices;
  for (std::size_t k = 0; k < s.size(); ++k) {
    if (!s.is_task(k)) continue;
    const std::uint32_t iteration = s.iteration[k];
    std::uint32_t task = s.task[k];
    if (iteration < slices.size()) {
      const std::uint32_t ga = first.iterations[iteration].graph;
      const std::uint32_t gb = second.iterations[iteration].graph;
      if (first.graphs[ga].hash != second.graphs[gb].hash) {
        auto [map, is_new] = maps.try_emplace({ga, gb});
        if (is_new) map->second = map_by_tile(first.graphs[ga], second.graphs[gb], differently_cut);
        task = map->second[task];
      }
      const std::uint32_t partner = task == kNoIndex ? kNoIndex : slices[iteration][task];
      if (partner != kNoIndex) {
        m.partner_of_first[k] = partner;
        m.partner_of_second[partner] = static_cast<std::uint32_t>(k);
        ++m.matched;
        continue;
      }
    }
    ++m.only_first;
  }
  for (std::size_t k = 0; k < second.slices.size(); ++k) {
    if (second.slices.is_task(k) && m.partner_of_second[k] == kNoIndex) ++m.only_second;
  }
  for (const char* key : {"policy", "placement", "workers", "schedulers", "model"})
    note_difference(key, meta_of(first, key), meta_of(second, key), m.notes);
  if (first.iterations.size() != second.iterations.size()) {
    m.notes.push_back(
        fmt::format("{} iterations and {}", first.iterations.size(), second.iterations.size()));
  }
  if (!differently_cut.empty()) {
    m.notes.push_back(
        fmt::format("cut into other tiles, so not matched: {}", fmt::join(differently_cut, ", ")));
  }
  if (m.only_first + m.only_second > 0) {
    m.notes.push_back(fmt::format("{} tasks matched; without a partner {} and {}", m.matched,
                                  m.only_first, m.only_second));
  }
  return m;
}

}  // namespace mk::gui
