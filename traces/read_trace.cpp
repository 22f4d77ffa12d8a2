#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <utility>

#include "traces/database.h"
#include "traces/read_graphs.h"
#include "traces/row_reader.h"
#include "traces/schema.h"
#include "traces/sqlite_file.h"

namespace mk {
namespace {

using sqlite::Database;
using sqlite::for_each_row;
using sqlite::Row;

constexpr int kBusyMilliseconds = 500;

Status check_version(Database& database) {
  std::int64_t application = 0;
  std::int64_t version = 0;
  Status status = for_each_row(database, "PRAGMA application_id", "PRAGMA application_id",
                               [&](Row& row) { application = row.integer(0); });
  if (status) {
    status = for_each_row(database, "PRAGMA user_version", "PRAGMA user_version",
                          [&](Row& row) { version = row.integer(0); });
  }
  if (!status) return status;
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
  return {};
}

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

Status read_policy(Trace& trace) {
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
  status =
      for_each_row(db, "iteration_request",
                   "SELECT iteration, slot, context_before, new_tokens FROM iteration_request "
                   "ORDER BY iteration, slot",
                   [&](Row& row) {
                     const std::uint32_t i = row.index(0, trace.iterations.size());
                     if (!row.complaint().empty()) return;
                     auto& requests = trace.iterations[i].state.requests;
                     row.id(1, requests.size());
                     requests.push_back({row.whole<std::uint32_t>(2), row.whole<std::uint32_t>(3)});
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

void append_slice(Row& row, Trace& trace) {
  SliceColumns& s = trace.slices;
  s.lane.push_back(row.index(0, trace.lanes.size()));
  s.iteration.push_back(row.optional_index(2, trace.iterations.size()));
  const bool is_task = !row.null(1);
  if (is_task && s.iteration.back() == kNoIndex) row.complain("it has a task but no iteration");
  if (is_task != row.null(3)) row.complain("it needs a task or a name, and not both");
  if (!row.complaint().empty()) return;
  s.task.push_back(is_task ? row.index(1, trace.graph_of(s.iteration.back()).task_count())
                           : kNoIndex);
  s.name.push_back(row.optional_index(3, trace.strings.size()));
  s.start.push_back(row.time(4));
  s.end.push_back(row.time(5));
  s.enqueued.push_back(row.instant(6));
  s.fetched.push_back(row.instant(7));
  s.ready.push_back(row.instant(8));
  s.preload.push_back(row.instant(9));
  s.page.push_back(row.instant(10));
  s.first_data.push_back(row.instant(11));
  s.notified.push_back(row.instant(12));
  s.bound.push_back(row.null(13) ? Bound::kUnknown : static_cast<Bound>(row.integer(13, 0, 2)));
  if (s.start.back() > s.end.back()) row.complain("it ends before its start");
  const std::size_t n = s.start.size();
  if (n > 1 &&
      std::pair(s.lane[n - 2], s.start[n - 2]) > std::pair(s.lane[n - 1], s.start[n - 1])) {
    row.complain("slices are not in the order of lane and start");
  }
}

Status read_slices(Database& db, Trace& trace) {
  Status status = for_each_row(db, "slice", "SELECT count(*) FROM slice", [&](Row& row) {
    const auto rows = static_cast<std::size_t>(row.integer(0, 0, std::int64_t{1} << 40));
    trace.slices.resize(rows);  // one allocation a column
    trace.slices.resize(0);
  });
  if (!status) return status;
  return for_each_row(db, "slice",
                      "SELECT lane, task, iteration, name, start_ns, end_ns, enqueued_ns, "
                      "fetched_ns, ready_ns, preload_ns, page_ns, first_data_ns, notified_ns, "
                      "bound FROM slice ORDER BY id",
                      [&](Row& row) { append_slice(row, trace); });
}

Status read_activations(Database& db, Trace& trace) {
  return for_each_row(
      db, "activation",
      "SELECT event, iteration, activated_ns, dequeued_ns, launched_ns, lane FROM activation "
      "ORDER BY rowid",
      [&](Row& row) {
        ActivationRecord a;
        a.iteration = row.index(1, trace.iterations.size());
        if (!row.complaint().empty()) return;
        a.event = row.index(0, trace.graph_of(a.iteration).event_count());
        a.activated = row.instant(2);
        a.dequeued = row.instant(3);
        a.launched = row.instant(4);
        if (!row.null(5)) a.lane = row.index(5, trace.lanes.size());
        trace.activations.push_back(a);
      });
}

Status read_intervals(Database& db, Trace& trace) {
  return for_each_row(db, "interval",
                      "SELECT lane, start_ns, end_ns, cause, task, event, iteration FROM interval "
                      "ORDER BY lane, start_ns",
                      [&](Row& row) {
                        Interval i;
                        i.lane = row.index(0, trace.lanes.size());
                        i.start = row.time(1);
                        i.end = row.time(2);
                        i.cause = row.named(3, cause_from_name);
                        i.iteration = row.index(6, trace.iterations.size());
                        if (!row.complaint().empty()) return;
                        const TraceGraph& graph = trace.graph_of(i.iteration);
                        if (!row.null(4)) i.task = row.index(4, graph.task_count());
                        if (!row.null(5)) i.event = row.index(5, graph.event_count());
                        if (i.start > i.end) row.complain("it ends before its start");
                        trace.intervals.push_back(i);
                      });
}

Status read_counters(Database& db, Trace& trace) {
  return for_each_row(
      db, "counter", "SELECT track, time_ns, value FROM counter ORDER BY rowid", [&](Row& row) {
        trace.counters.push_back({row.index(0, trace.strings.size()), row.time(1), row.real(2)});
      });
}

Status read_all(Database& db, Trace& trace) {
  // In this order: later tables are checked against earlier ones.
  const auto policy = [](Database&, Trace& t) { return read_policy(t); };
  const std::initializer_list<std::function<Status(Database&, Trace&)>> steps = {
      read_meta,     policy,      read_small_tables, read_lanes,     read_graphs,  read_iterations,
      read_requests, read_slices, read_activations,  read_intervals, read_counters};
  for (const auto& step : steps) {
    if (Status status = step(db, trace); !status) return status;
  }
  return {};
}

// SQLite notices missing pages, but not that the last one is cut short. Its header, big endian:
// page size at byte 16 (1 means 65536), pages at byte 28.
Status check_size(const std::string& path) {
  std::array<unsigned char, 32> header{};
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(header.data()), header.size());
  if (!file) return fail(ErrorCode::kInvalidInput, "truncated within the header of SQLite");
  const auto number = [&](std::size_t first, std::size_t end) {
    std::uint64_t value = 0;
    for (std::size_t i = first; i < end; ++i) value = value << 8 | header[i];
    return value;
  };
  const std::uint64_t page = number(16, 18) == 1 ? 65536 : number(16, 18);
  const std::uint64_t whole = page * number(28, 32);
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(path, error);
  if (!error && size < whole) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("truncated: {} of {} bytes are there", size, whole));
  }
  return {};
}

// What can be said before SQLite looks: it opens an empty file as an empty database.
Status check_file(const std::string& path) {
  std::error_code error;
  const auto kind = std::filesystem::status(path, error);
  if (!std::filesystem::exists(kind)) return fail(ErrorCode::kNotFound, "no such file");
  if (std::filesystem::is_directory(kind)) return fail(ErrorCode::kInvalidInput, "is a folder");
  std::ifstream file(path, std::ios::binary);
  char first = 0;
  if (!file) return fail(ErrorCode::kIo, fmt::format("cannot open: {}", std::strerror(errno)));
  if (!file.get(first)) return fail(ErrorCode::kInvalidInput, "the file is empty");
  if (!is_sqlite_file(path)) {
    return fail(ErrorCode::kInvalidInput, "not a trace: it is no SQLite database");
  }
  return check_size(path);
}

Result<Trace> read_checked(const std::string& path) {
  if (Status status = check_file(path); !status) return tl::unexpected(status.error());
  Result<Database> db = Database::open(path, SQLITE_OPEN_READONLY);
  if (!db) return tl::unexpected(db.error());
  const std::string setup = fmt::format(
      "PRAGMA busy_timeout={}; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; BEGIN",
      kBusyMilliseconds);
  Status status = db->exec(setup);
  if (status) status = check_version(*db);
  Trace trace;
  if (status) status = read_all(*db, trace);
  if (!status) return tl::unexpected(status.error());
  return trace;
}

}  // namespace

Result<Trace> read_trace(const std::string& path) {
  Result<Trace> trace = read_checked(path);
  if (!trace) return with_context(path, trace.error());
  return trace;
}

bool is_sqlite_file(const std::string& path) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  std::array<char, kMagic.size()> start{};
  std::ifstream file(path, std::ios::binary);
  file.read(start.data(), start.size());
  return file && std::string_view(start.data(), start.size()) == kMagic;
}

}  // namespace mk
