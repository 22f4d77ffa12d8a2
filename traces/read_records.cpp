#include "traces/read_records.h"

#include <algorithm>

#include "traces/row_reader.h"

namespace mk {
namespace {

using sqlite::Database;
using sqlite::for_each_row;
using sqlite::Row;

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
  const std::size_t lanes = std::min<std::size_t>(trace.lanes.size(), LaneCause::kMostLanes);
  return for_each_row(db, "interval",
                      "SELECT lane, start_ns, end_ns, cause, task, event, iteration FROM interval "
                      "ORDER BY lane, start_ns",
                      [&](Row& row) {
                        Interval i;
                        const std::uint32_t lane = row.index(0, lanes);
                        i.start = row.time(1);
                        i.end = row.time(2);
                        i.lane_cause = {lane, row.named(3, cause_from_name)};
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

Status read_flows(Database& db, Trace& trace) {
  return for_each_row(db, "flow", "SELECT from_slice, to_slice FROM flow ORDER BY rowid",
                      [&](Row& row) {
                        trace.flows.push_back(
                            {row.index(0, trace.slices.size()), row.index(1, trace.slices.size())});
                      });
}

Status read_details(Database& db, Trace& trace) {
  return for_each_row(db, "detail", "SELECT slice, key, value FROM detail ORDER BY rowid",
                      [&](Row& row) {
                        trace.details.push_back({row.index(0, trace.slices.size()),
                                                 row.index(1, trace.strings.size()),
                                                 row.index(2, trace.strings.size())});
                      });
}

}  // namespace

Status read_records(Database& db, int version, Trace& trace) {
  Status status = read_activations(db, trace);
  if (status) status = read_intervals(db, trace);
  if (status) status = read_counters(db, trace);
  if (version < 2) return status;  // version 1 had neither
  if (status) status = read_flows(db, trace);
  if (status) status = read_details(db, trace);
  return status;
}

}  // namespace mk
