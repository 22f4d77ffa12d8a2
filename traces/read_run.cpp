#include "traces/read_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "traces/read_graphs.h"
#include "traces/row_reader.h"
#include "traces/schema.h"
#include "traces/task_costs.h"

namespace mk {
namespace {

using sqlite::Database;
using sqlite::for_each_row;
using sqlite::Row;

Status read_meta(Database& db, Trace& trace) {
  return for_each_row(db, "meta", "SELECT key, value FROM meta ORDER BY key",
                      [&](Row& row) { trace.meta.emplace(row.text(0), row.text(1)); });
}

// A key that the trace needs to be understood.
template <typename FromName>
Status read_named(const Trace& trace, const char* key, FromName&& from_name, auto& target) {
  const auto found = trace.meta.find(key);
  if (found == trace.meta.end()) {
    return fail(ErrorCode::kInvalidInput, fmt::format("table meta: key '{}' is missing", key));
  }
  const auto value = from_name(found->second);
  if (!value) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("table meta: {} = '{}', which is unknown", key, found->second));
  }
  target = *value;
  return {};
}

std::optional<std::uint32_t> count_from_text(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<bool> flag_from_text(std::string_view text) {
  if (text != "0" && text != "1") return std::nullopt;
  return text == "1";
}

std::optional<JitPlacement> jit_placement_from_name(std::string_view name) {
  if (name == "in_turn") return JitPlacement::kInTurn;
  if (name == "shortest_queue") return JitPlacement::kShortestQueue;
  return std::nullopt;
}

// What ran no task graph, as an imported trace, has no policy and no roles.
Status read_policy(Trace& trace) {
  if (trace.graphs.empty() && !trace.meta.contains("policy")) return {};
  Status status = read_named(trace, "policy", policy_from_name, trace.policy.kind);
  if (status) status = read_named(trace, "placement", placement_from_name, trace.policy.placement);
  if (status) {
    status =
        read_named(trace, "jit_placement", jit_placement_from_name, trace.policy.jit_placement);
  }
  if (status) {
    status = read_named(trace, "blocking_fifo", flag_from_text, trace.policy.blocking_fifo);
  }
  if (status) status = read_named(trace, "workers", count_from_text, trace.roles.workers);
  if (status) status = read_named(trace, "schedulers", count_from_text, trace.roles.schedulers);
  return status;
}

Status read_small_tables(Database& db, Trace& trace) {
  Status status =
      for_each_row(db, "string", "SELECT id, value FROM string ORDER BY id", [&](Row& row) {
        row.id(0, row.number());
        trace.strings.emplace_back(row.text(1));
      });
  if (!status) return status;
  status = for_each_row(
      db, "clock", "SELECT device, uncertainty_ns, drift_ppm FROM clock", [&](Row& row) {
        trace.clocks.push_back({row.whole<std::uint8_t>(0), row.time(1), row.real(2)});
      });
  if (!status) return status;
  return for_each_row(db, "health", "SELECT kind, count, message FROM health ORDER BY rowid",
                      [&](Row& row) {
                        trace.health.push_back(
                            {std::string(row.text(0)), row.integer(1), std::string(row.text(2))});
                      });
}

Status read_lanes(Database& db, Trace& trace) {
  return for_each_row(
      db, "lane", "SELECT id, device, kind, number, sm, name FROM lane ORDER BY id", [&](Row& row) {
        row.id(0, row.number());
        trace.lanes.push_back({row.named(2, lane_kind_from_name), row.whole<std::uint8_t>(1),
                               row.whole<std::uint32_t>(3), row.optional<std::uint32_t>(4),
                               std::string(row.text(5))});
      });
}

// Far above any context, and its square fits 64 bits.
std::uint32_t tokens_of(Row& row, int column) {
  return static_cast<std::uint32_t>(row.integer(column, 0, 1 << 30));
}

// No number of `state` is above that of `largest` afterwards.
void raise_to(IterationState& largest, const IterationState& state) {
  const auto raise = [](std::vector<std::uint32_t>& a, const std::vector<std::uint32_t>& b) {
    a.resize(std::max(a.size(), b.size()));
    for (std::size_t i = 0; i < b.size(); ++i) a[i] = std::max(a[i], b[i]);
  };
  raise(largest.activated_experts, state.activated_experts);
  raise(largest.routed_tokens, state.routed_tokens);
  largest.accepted_tokens = std::max(largest.accepted_tokens, state.accepted_tokens);
  largest.requests.resize(std::max(largest.requests.size(), state.requests.size()));
  for (std::size_t i = 0; i < state.requests.size(); ++i) {
    RequestState& request = largest.requests[i];
    request.context_before = std::max(request.context_before, state.requests[i].context_before);
    request.new_tokens = std::max(request.new_tokens, state.requests[i].new_tokens);
  }
}

// What the classes of tasks cost in the file's own iterations can be computed and summed.
Status check_costs(const Trace& trace) {
  std::vector<IterationState> largest(trace.graphs.size());
  for (const IterationRecord& it : trace.iterations) raise_to(largest[it.graph], it.state);
  for (std::size_t g = 0; g < trace.graphs.size(); ++g) {
    const std::vector<TaskClass>& classes = trace.graphs[g].classes;
    for (std::size_t c = 0; c < classes.size(); ++c) {
      bool is_sane = true;
      for_each_cost(classes[c], [&](std::string_view, const Amount& amount) {
        is_sane = is_sane && amount.is_sane(largest[g]);
      });
      if (is_sane) continue;
      return fail(
          ErrorCode::kInvalidInput,
          fmt::format("table task_cost: a cost of class {} of graph {} is beyond 2^53", c, g));
    }
  }
  return {};
}

Status read_iterations(Database& db, Trace& trace) {
  Status status =
      for_each_row(db, "iteration",
                   "SELECT id, graph, start_ns, end_ns, accepted_tokens FROM iteration ORDER BY id",
                   [&](Row& row) {
                     row.id(0, row.number());
                     IterationRecord it;
                     it.graph = row.index(1, trace.graphs.size());
                     it.start = row.time(2);
                     it.end = row.time(3);
                     it.state.accepted_tokens = row.whole<std::uint32_t>(4);
                     if (it.start > it.end) row.complain("it ends before its start");
                     trace.iterations.push_back(std::move(it));
                   });
  if (!status) return status;
  status = for_each_row(db, "iteration_request",
                        "SELECT iteration, slot, context_before, new_tokens FROM iteration_request "
                        "ORDER BY iteration, slot",
                        [&](Row& row) {
                          const std::uint32_t i = row.index(0, trace.iterations.size());
                          if (!row.complaint().empty()) return;
                          auto& requests = trace.iterations[i].state.requests;
                          row.id(1, requests.size());
                          requests.push_back({tokens_of(row, 2), tokens_of(row, 3)});
                        });
  if (!status) return status;
  return for_each_row(
      db, "iteration_experts",
      "SELECT iteration, expert_group, activated, routed FROM iteration_experts "
      "ORDER BY iteration, expert_group",
      [&](Row& row) {
        const std::uint32_t i = row.index(0, trace.iterations.size());
        if (!row.complaint().empty()) return;
        IterationState& state = trace.iterations[i].state;
        row.id(1, std::max(state.activated_experts.size(), state.routed_tokens.size()));
        if (!row.null(2)) state.activated_experts.push_back(row.whole<std::uint32_t>(2));
        if (!row.null(3)) state.routed_tokens.push_back(row.whole<std::uint32_t>(3));
      });
}

Status read_requests(Database& db, Trace& trace) {
  return for_each_row(
      db, "request",
      "SELECT id, arrival_ns, admitted_ns, first_token_ns, done_ns, tokens FROM request "
      "ORDER BY id",
      [&](Row& row) {
        row.id(0, row.number());
        trace.requests.push_back({row.time(1), row.instant(2), row.instant(3), row.instant(4),
                                  row.whole<std::uint32_t>(5)});
      });
}

}  // namespace

Result<int> read_version(Database& database) {
  std::int64_t application = 0;
  std::int64_t version = 0;
  Status status = for_each_row(database, "PRAGMA application_id", "PRAGMA application_id",
                               [&](Row& row) { application = row.integer(0); });
  if (status) {
    status = for_each_row(database, "PRAGMA user_version", "PRAGMA user_version",
                          [&](Row& row) { version = row.integer(0); });
  }
  if (!status) return tl::unexpected(status.error());
  if (application != kTraceApplicationId) {
    return fail(ErrorCode::kInvalidInput, "an SQLite database, but no Megascope trace");
  }
  if (version > kTraceSchemaVersion) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("its schema is version {}, this program knows up to {}: use a newer "
                            "megascope",
                            version, kTraceSchemaVersion));
  }
  if (version < 1) {
    return fail(ErrorCode::kInvalidInput, fmt::format("its schema version is {}", version));
  }
  return static_cast<int>(version);
}

Status read_run(Database& db, Trace& trace) {
  // In this order: later tables are checked against earlier ones.
  Status status = read_meta(db, trace);
  if (status) status = read_small_tables(db, trace);
  if (status) status = read_lanes(db, trace);
  if (status) status = read_graphs(db, trace);
  if (status) status = read_policy(trace);
  if (status) status = read_iterations(db, trace);
  if (status) status = check_costs(trace);
  if (status) status = read_requests(db, trace);
  return status;
}

}  // namespace mk
