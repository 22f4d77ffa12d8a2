#include <fmt/format.h>

#include <string>
#include <utility>

#include "core/annotate.h"
#include "core/check.h"
#include "traces/database.h"
#include "traces/schema.h"
#include "traces/sqlite_file.h"
#include "traces/task_costs.h"
#include "traces/whole_file.h"

namespace mk {
namespace {

using sqlite::Database;
using sqlite::Index;
using sqlite::Instant;
using sqlite::Statement;

// Inserts rows into one table after the other; the first refusal is kept and ends all writing.
class Writer {
 public:
  explicit Writer(Database& database) : database_(database) {}

  // rows(insert): insert(values...) writes one row and returns false once something was refused.
  // At once: rows of one statement, which costs the less a row the more there are; then their
  // number is a multiple of it, and texts must live until the next insert of a whole statement.
  template <int AtOnce = 1, typename Rows>
  void table(std::string_view name, int columns, Rows&& rows) {
    if (!status_) return;
    std::string row = "(?";
    for (int i = 1; i < columns; ++i) row += ",?";
    row += ')';
    std::string all = row;
    for (int i = 1; i < AtOnce; ++i) all += ',' + row;
    Result<Statement> statement =
        database_.prepare(fmt::format("INSERT INTO {} VALUES{}", name, all));
    if (!statement) {
      status_ = tl::unexpected(statement.error());
      return;
    }
    int waiting = 0;
    rows([&](const auto&... values) {
      if (!status_) return false;
      if (waiting == 0) statement->begin();
      (statement->add(values), ...);
      if (++waiting < AtOnce) return true;
      waiting = 0;
      if (!statement->step()) status_ = tl::unexpected(database_.error(name));
      return status_.has_value();
    });
    MK_CHECK(waiting == 0 || !status_, "the rows fill their statements");
  }

  Status status() const { return status_; }

 private:
  Database& database_;
  Status status_{};
};

void write_meta(Writer& out, const Trace& trace) {
  out.table("meta", 2, [&](auto&& insert) {
    for (const auto& [key, value] : trace.meta)
      insert(std::string_view(key), std::string_view(value));
  });
  out.table("string", 2, [&](auto&& insert) {
    for (std::uint32_t i = 0; i < trace.strings.size(); ++i) {
      insert(i, std::string_view(trace.strings[i]));
    }
  });
  out.table("lane", 6, [&](auto&& insert) {
    for (std::uint32_t i = 0; i < trace.lanes.size(); ++i) {
      const Lane& l = trace.lanes[i];
      insert(i, std::uint32_t{l.device}, name_of(l.kind), l.number, l.sm, std::string_view(l.name));
    }
  });
  out.table("clock", 3, [&](auto&& insert) {
    for (const ClockRecord& c : trace.clocks) {
      insert(std::uint32_t{c.device}, c.uncertainty, c.drift_ppm);
    }
  });
  out.table("health", 3, [&](auto&& insert) {
    for (const HealthRecord& h : trace.health) {
      insert(std::string_view(h.kind), h.count, std::string_view(h.message));
    }
  });
}

void write_graph_rows(Writer& out, const Trace& trace) {
  out.table("graph", 13, [&](auto&& insert) {
    for (std::uint32_t g = 0; g < trace.graphs.size(); ++g) {
      const GraphInfo& info = trace.graphs[g].info;
      const std::string hash = fmt::format("{:016x}", trace.graphs[g].hash);
      insert(g, std::string_view(hash), std::string_view(info.model), info.batch_tokens,
             info.requests, info.max_context, info.context, info.workers,
             std::uint32_t{info.devices}, std::string_view(info.partition),
             std::string_view(info.events), std::string_view(info.fusion),
             std::string_view(info.model_config));
    }
  });
  out.table("operator", 7, [&](auto&& insert) {
    for (std::uint32_t g = 0; g < trace.graphs.size(); ++g) {
      for (std::uint32_t i = 0; i < trace.graphs[g].operators.size(); ++i) {
        const TraceOperator& op = trace.graphs[g].operators[i];
        insert(g, i, std::string_view(op.name), name_of(op.kind), op.layer,
               std::uint32_t{op.device}, op.tiles);
      }
    }
  });
}

template <typename Insert>
void insert_amount(Insert& insert, std::uint32_t graph, std::uint32_t id, std::string_view what,
                   const Amount& amount) {
  if (amount.base != 0) {
    insert(graph, id, what, std::nullopt, std::nullopt, amount.base, std::nullopt, std::nullopt);
  }
  for (const Term& term : amount.terms) {
    insert(graph, id, what, name_of(term.quantity), term.index, term.coefficient, term.offset,
           term.limit);
  }
}

void write_classes(Writer& out, const Trace& trace) {
  out.table("task_class", 4, [&](auto&& insert) {
    for (std::uint32_t g = 0; g < trace.graphs.size(); ++g) {
      for (std::uint32_t i = 0; i < trace.graphs[g].classes.size(); ++i) {
        const TaskClass& c = trace.graphs[g].classes[i];
        insert(g, i, c.peer, c.preload_bytes);
      }
    }
  });
  out.table("task_cost", 8, [&](auto&& insert) {
    for (std::uint32_t g = 0; g < trace.graphs.size(); ++g) {
      for (std::uint32_t i = 0; i < trace.graphs[g].classes.size(); ++i) {
        for_each_cost(trace.graphs[g].classes[i], [&](std::string_view what, const Amount& amount) {
          insert_amount(insert, g, i, what, amount);
        });
      }
    }
  });
}

void write_tasks(Writer& out, const Trace& trace) {
  out.table("task", 10, [&](auto&& insert) {
    for (std::uint32_t g = 0; g < trace.graphs.size(); ++g) {
      const TraceGraph& graph = trace.graphs[g];
      const TaskColumns& t = graph.tasks;
      for (std::uint32_t i = 0; i < graph.task_count(); ++i) {
        insert(g, i, t.op[i], name_of(t.kind[i]), t.dependent_event[i], t.triggering_event[i],
               std::uint32_t{graph.op_of(i).device}, t.task_class[i], t.tile[i],
               name_of(t.label[i]));
      }
    }
  });
  out.table("event", 6, [&](auto&& insert) {
    for (std::uint32_t g = 0; g < trace.graphs.size(); ++g) {
      const EventColumns& e = trace.graphs[g].events;
      for (std::uint32_t i = 0; i < trace.graphs[g].event_count(); ++i) {
        insert(g, i, std::uint32_t{e.device[i]}, e.trigger_count[i], e.first_task[i],
               e.end_task[i]);
      }
    }
  });
}

void write_iterations(Writer& out, const Trace& trace) {
  out.table("iteration", 8, [&](auto&& insert) {
    for (std::uint32_t i = 0; i < trace.iterations.size(); ++i) {
      const IterationRecord& it = trace.iterations[i];
      std::int64_t context = 0;
      for (const RequestState& r : it.state.requests) {
        if (r.new_tokens > 0) context += std::int64_t{r.context_before} + r.new_tokens;
      }
      insert(i, it.graph, it.start, it.end, it.state.live_tokens(),
             it.state.quantity(QuantityKind::kLiveRequests, 0), context, it.state.accepted_tokens);
    }
  });
  out.table("iteration_request", 4, [&](auto&& insert) {
    for (std::uint32_t i = 0; i < trace.iterations.size(); ++i) {
      const auto& requests = trace.iterations[i].state.requests;
      for (std::uint32_t r = 0; r < requests.size(); ++r) {
        insert(i, r, requests[r].context_before, requests[r].new_tokens);
      }
    }
  });
  out.table("iteration_experts", 4, [&](auto&& insert) {
    for (std::uint32_t i = 0; i < trace.iterations.size(); ++i) {
      const auto& activated = trace.iterations[i].state.activated_experts;
      const auto& routed = trace.iterations[i].state.routed_tokens;
      for (std::uint32_t k = 0; k < std::max(activated.size(), routed.size()); ++k) {
        insert(i, k, Index{k < activated.size() ? activated[k] : kNoIndex},
               Index{k < routed.size() ? routed[k] : kNoIndex});
      }
    }
  });
  out.table("request", 6, [&](auto&& insert) {
    for (std::uint32_t i = 0; i < trace.requests.size(); ++i) {
      const RequestRecord& r = trace.requests[i];
      insert(i, r.arrival, Instant{r.admitted}, Instant{r.first_token}, Instant{r.done}, r.tokens);
    }
  });
}

void write_slices(Writer& out, const Trace& trace) {
  constexpr int kAtOnce = 16;  // 40 gain no more
  const SliceColumns& s = trace.slices;
  const auto write = [&](auto&& insert, std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
      const auto bound = static_cast<std::uint32_t>(s.bound[i]);
      const bool written = insert(
          static_cast<std::int64_t>(i), s.lane[i], Index{s.task[i]}, Index{s.iteration[i]},
          Index{s.name[i]}, s.start[i], s.end[i], Instant{s.enqueued[i]}, Instant{s.fetched[i]},
          Instant{s.ready[i]}, Instant{s.preload[i]}, Instant{s.page[i]}, Instant{s.first_data[i]},
          Instant{s.notified[i]}, Index{s.bound[i] == Bound::kUnknown ? kNoIndex : bound});
      if (!written) return;
    }
  };
  const std::size_t whole = s.size() / kAtOnce * kAtOnce;
  out.table<kAtOnce>("slice", 15, [&](auto&& insert) { write(insert, 0, whole); });
  out.table("slice", 15, [&](auto&& insert) { write(insert, whole, s.size()); });
}

void write_rest(Writer& out, const Trace& trace, const TraceWriteOptions& options) {
  out.table("activation", 6, [&](auto&& insert) {
    for (const ActivationRecord& a : trace.activations) {
      insert(a.event, a.iteration, Instant{a.activated}, Instant{a.dequeued}, Instant{a.launched},
             a.lane);
    }
  });
  out.table("counter", 3, [&](auto&& insert) {
    for (const CounterSample& c : trace.counters) insert(c.track, c.time, c.value);
  });
  out.table("flow", 2, [&](auto&& insert) {
    for (const SliceFlow& f : trace.flows) insert(f.from, f.to);
  });
  out.table("detail", 3, [&](auto&& insert) {
    for (const SliceDetail& d : trace.details) insert(d.slice, d.key, d.value);
  });
  if (!options.intervals) return;
  out.table("interval", 7, [&](auto&& insert) {
    for (const Interval& i : intervals_of(trace)) {
      insert(i.lane(), i.start, i.end, facts(i.cause()).name, std::optional<std::uint32_t>(i.task),
             std::optional<std::uint32_t>(i.event), i.iteration);
    }
  });
}

// Everything in one transaction. Without a journal a failed one leaves a broken file, which is
// removed. Rows of an index are sorted in files: SQLite then does it in parts that fit the cache,
// which takes a third less time than the whole in memory.
Status write_database(const Trace& trace, const std::string& path,
                      const TraceWriteOptions& options) {
  Result<Database> database = Database::open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (!database) return tl::unexpected(database.error());
  const std::string setup = fmt::format(
      "PRAGMA page_size=8192; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
      "PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-8192; PRAGMA temp_store=FILE;"
      "PRAGMA application_id={}; PRAGMA user_version={}; BEGIN;{}",
      kTraceApplicationId, kTraceSchemaVersion, trace_tables_sql());
  if (Status status = database->exec(setup); !status) return status;
  if (options.indexes) {
    if (Status status = database->exec(index_in_order_sql()); !status) return status;
  }
  Writer out(*database);
  write_meta(out, trace);
  write_graph_rows(out, trace);
  write_classes(out, trace);
  write_tasks(out, trace);
  write_iterations(out, trace);
  write_slices(out, trace);
  write_rest(out, trace, options);
  if (!out.status()) return out.status();
  if (options.indexes) {
    if (Status status = database->exec(trace_indexes_sql()); !status) return status;
    if (Status status = database->exec(trace_views_sql()); !status) return status;
  }
  if (Status status = database->exec("COMMIT"); !status) return status;
  return database->close();
}

}  // namespace

Status write_trace(const Trace& trace, const std::string& path, const TraceWriteOptions& options) {
  const Annotation phase("write trace");
  return write_whole_file(
      path, [&](const std::string& partial) { return write_database(trace, partial, options); });
}

Status write_trace(const RunRecord& record, const std::string& path,
                   const TraceWriteOptions& options) {
  return write_trace(make_trace(record), path, options);
}

}  // namespace mk
