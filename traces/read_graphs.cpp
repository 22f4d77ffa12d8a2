#include "traces/read_graphs.h"

#include <fmt/format.h>

#include <charconv>

#include "traces/row_reader.h"
#include "traces/task_costs.h"

namespace mk {
namespace {

using sqlite::Database;
using sqlite::for_each_row;
using sqlite::Row;

std::optional<std::uint64_t> hash_from_text(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<LaunchLabel> label_from_name(std::string_view name) {
  for (const LaunchLabel label : {LaunchLabel::kAot, LaunchLabel::kJit}) {
    if (name_of(label) == name) return label;
  }
  return std::nullopt;
}

Status read_graph_rows(Database& db, Trace& trace) {
  return for_each_row(
      db, "graph",
      "SELECT id, hash, model, batch_tokens, requests, max_context, context, workers, devices, "
      "partition, events, fusion, model_config FROM graph ORDER BY id",
      [&](Row& row) {
        row.id(0, row.number());
        TraceGraph graph;
        graph.hash = row.named(1, hash_from_text);
        graph.info.model = row.text(2);
        graph.info.batch_tokens = row.whole<std::uint32_t>(3);
        graph.info.requests = row.whole<std::uint32_t>(4);
        graph.info.max_context = row.whole<std::uint32_t>(5);
        graph.info.context = row.whole<std::uint32_t>(6);
        graph.info.workers = row.whole<std::uint32_t>(7);
        graph.info.devices = row.whole<std::uint8_t>(8);
        graph.info.partition = row.text(9);
        graph.info.events = row.text(10);
        graph.info.fusion = row.text(11);
        graph.info.model_config = row.text(12);
        trace.graphs.push_back(std::move(graph));
      });
}

// The graph that the row belongs to, null iff there is none (the row has complained).
TraceGraph* graph_in(Row& row, Trace& trace) {
  const std::uint32_t index = row.index(0, trace.graphs.size());
  return row.complaint().empty() ? &trace.graphs[index] : nullptr;
}

Status read_operators(Database& db, Trace& trace) {
  return for_each_row(
      db, "operator",
      "SELECT graph, id, name, kind, layer, device, tiles FROM operator ORDER BY graph, id",
      [&](Row& row) {
        TraceGraph* graph = graph_in(row, trace);
        if (graph == nullptr) return;
        row.id(1, graph->operators.size());
        graph->operators.push_back({std::string(row.text(2)), row.named(3, task_kind_from_name),
                                    row.optional<std::uint32_t>(4), row.whole<std::uint8_t>(5),
                                    row.whole<std::uint32_t>(6)});
      });
}

Amount* amount_named(TaskClass& task_class, std::string_view what) {
  Amount* named = nullptr;
  for_each_cost(task_class, [&](std::string_view name, Amount& amount) {
    if (name == what) named = &amount;
  });
  return named;
}

void read_cost(Row& row, TraceGraph& graph) {
  const std::uint32_t index = row.index(1, graph.classes.size());
  if (!row.complaint().empty()) return;
  Amount* amount = amount_named(graph.classes[index], row.text(2));
  if (amount == nullptr) return row.complain(2, "is no cost");
  if (row.null(3)) {
    amount->base = row.integer(5);
    return;
  }
  amount->terms.push_back({row.named(3, quantity_from_name), row.whole<std::uint32_t>(4),
                           row.integer(5), row.integer(6), row.integer(7)});
}

Status read_classes(Database& db, Trace& trace) {
  Status status = for_each_row(
      db, "task_class", "SELECT graph, id, peer, preload_bytes FROM task_class ORDER BY graph, id",
      [&](Row& row) {
        TraceGraph* graph = graph_in(row, trace);
        if (graph == nullptr) return;
        row.id(1, graph->classes.size());
        TaskClass task_class;
        task_class.peer = row.optional<std::uint8_t>(2);
        task_class.preload_bytes = row.integer(3);
        graph->classes.push_back(std::move(task_class));
      });
  if (!status) return status;
  return for_each_row(
      db, "task_cost",
      "SELECT graph, class, what, quantity, item, coefficient, skip, at_most FROM task_cost "
      "ORDER BY rowid",
      [&](Row& row) {
        if (TraceGraph* graph = graph_in(row, trace)) read_cost(row, *graph);
      });
}

Status read_events(Database& db, Trace& trace) {
  return for_each_row(db, "event",
                      "SELECT graph, id, device, trigger_count, first_task, end_task FROM event "
                      "ORDER BY graph, id",
                      [&](Row& row) {
                        TraceGraph* graph = graph_in(row, trace);
                        if (graph == nullptr) return;
                        row.id(1, graph->event_count());
                        graph->events.device.push_back(row.whole<std::uint8_t>(2));
                        graph->events.trigger_count.push_back(row.whole<std::uint32_t>(3));
                        graph->events.first_task.push_back(row.whole<std::uint32_t>(4));
                        graph->events.end_task.push_back(row.whole<std::uint32_t>(5));
                      });
}

Status read_tasks(Database& db, Trace& trace) {
  return for_each_row(
      db, "task",
      "SELECT graph, id, operator, kind, dependent_event, triggering_event, class, tile, label "
      "FROM task ORDER BY graph, id",
      [&](Row& row) {
        TraceGraph* graph = graph_in(row, trace);
        if (graph == nullptr) return;
        row.id(1, graph->task_count());
        TaskColumns& tasks = graph->tasks;
        tasks.op.push_back(row.index(2, graph->operators.size()));
        tasks.kind.push_back(row.named(3, task_kind_from_name));
        tasks.dependent_event.push_back(row.index(4, graph->event_count()));
        tasks.triggering_event.push_back(row.index(5, graph->event_count()));
        tasks.task_class.push_back(row.index(6, graph->classes.size()));
        tasks.tile.push_back(row.whole<std::uint32_t>(7));
        tasks.label.push_back(row.named(8, label_from_name));
      });
}

// The ranges of the events partition the tasks, and a task's event launches it.
Status check_ranges(const TraceGraph& graph, std::uint32_t id) {
  const auto wrong = [&](std::uint32_t event) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("graph {}: event {} launches the tasks {} .. {}, which do not fit its "
                            "{} tasks",
                            id, event, graph.events.first_task[event], graph.events.end_task[event],
                            graph.task_count()));
  };
  std::uint64_t launched = 0;
  for (std::uint32_t e = 0; e < graph.event_count(); ++e) {
    const std::uint32_t first = graph.events.first_task[e];
    const std::uint32_t end = graph.events.end_task[e];
    if (first > end || end > graph.task_count()) return wrong(e);
    for (std::uint32_t t = first; t < end; ++t) {
      if (graph.tasks.dependent_event[t] != e) return wrong(e);
    }
    launched += end - first;
  }
  if (launched != graph.task_count()) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("graph {}: its events launch {} of its {} tasks", id, launched,
                            graph.task_count()));
  }
  return {};
}

// Every task comes after those that notify its event, so that walks along producers end.
Status check_order(const TraceGraph& graph, std::uint32_t id) {
  for (std::uint32_t t = 0; t < graph.task_count(); ++t) {
    const std::uint32_t event = graph.tasks.triggering_event[t];
    const std::uint32_t first = graph.events.first_task[event];
    if (first < graph.events.end_task[event] && first <= t) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("graph {}: task {} notifies event {}, which launches task {} before "
                              "it",
                              id, t, event, first));
    }
  }
  return {};
}

}  // namespace

Status read_graphs(Database& database, Trace& trace) {
  for (const auto step : {read_graph_rows, read_operators, read_classes, read_events, read_tasks}) {
    if (Status status = step(database, trace); !status) return status;
  }
  for (std::uint32_t g = 0; g < trace.graphs.size(); ++g) {
    if (Status status = check_ranges(trace.graphs[g], g); !status) return status;
    if (Status status = check_order(trace.graphs[g], g); !status) return status;
  }
  return {};
}

}  // namespace mk
