#include "traces/schema.h"

namespace mk {

// slice is a plain rowid table: its rows are written in the order of their ids, which is by (lane,
// start), so a scan of one lane reads neighbours.
std::string_view trace_tables_sql() {
  return R"sql(
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE string(id INTEGER PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE lane(id INTEGER PRIMARY KEY, device INTEGER NOT NULL, kind TEXT NOT NULL,
  number INTEGER NOT NULL, sm INTEGER, name TEXT NOT NULL) STRICT;
CREATE TABLE graph(id INTEGER PRIMARY KEY, hash TEXT NOT NULL, model TEXT NOT NULL,
  batch_tokens INTEGER NOT NULL, requests INTEGER NOT NULL, max_context INTEGER NOT NULL,
  context INTEGER NOT NULL, workers INTEGER NOT NULL, devices INTEGER NOT NULL,
  partition TEXT NOT NULL, events TEXT NOT NULL, fusion TEXT NOT NULL,
  model_config TEXT NOT NULL) STRICT;
CREATE TABLE operator(graph INTEGER NOT NULL, id INTEGER NOT NULL, name TEXT NOT NULL,
  kind TEXT NOT NULL, layer INTEGER, device INTEGER NOT NULL, tiles INTEGER NOT NULL,
  PRIMARY KEY(graph, id)) STRICT, WITHOUT ROWID;
CREATE TABLE task_class(graph INTEGER NOT NULL, id INTEGER NOT NULL, peer INTEGER,
  preload_bytes INTEGER NOT NULL, PRIMARY KEY(graph, id)) STRICT, WITHOUT ROWID;
CREATE TABLE task_cost(graph INTEGER NOT NULL, class INTEGER NOT NULL, what TEXT NOT NULL,
  quantity TEXT, item INTEGER, coefficient INTEGER NOT NULL, skip INTEGER, at_most INTEGER) STRICT;
CREATE TABLE task(graph INTEGER NOT NULL, id INTEGER NOT NULL, operator INTEGER NOT NULL,
  kind TEXT NOT NULL, dependent_event INTEGER NOT NULL, triggering_event INTEGER NOT NULL,
  device INTEGER NOT NULL, class INTEGER NOT NULL, tile INTEGER NOT NULL, label TEXT NOT NULL,
  PRIMARY KEY(graph, id)) STRICT, WITHOUT ROWID;
CREATE TABLE event(graph INTEGER NOT NULL, id INTEGER NOT NULL, device INTEGER NOT NULL,
  trigger_count INTEGER NOT NULL, first_task INTEGER NOT NULL, end_task INTEGER NOT NULL,
  PRIMARY KEY(graph, id)) STRICT, WITHOUT ROWID;
CREATE TABLE iteration(id INTEGER PRIMARY KEY, graph INTEGER NOT NULL, start_ns INTEGER NOT NULL,
  end_ns INTEGER NOT NULL, tokens INTEGER NOT NULL, live_requests INTEGER NOT NULL,
  context_tokens INTEGER NOT NULL, accepted_tokens INTEGER NOT NULL) STRICT;
CREATE TABLE iteration_request(iteration INTEGER NOT NULL, slot INTEGER NOT NULL,
  context_before INTEGER NOT NULL, new_tokens INTEGER NOT NULL,
  PRIMARY KEY(iteration, slot)) STRICT, WITHOUT ROWID;
CREATE TABLE iteration_experts(iteration INTEGER NOT NULL, expert_group INTEGER NOT NULL,
  activated INTEGER, routed INTEGER, PRIMARY KEY(iteration, expert_group)) STRICT, WITHOUT ROWID;
CREATE TABLE request(id INTEGER PRIMARY KEY, arrival_ns INTEGER NOT NULL, admitted_ns INTEGER,
  first_token_ns INTEGER, done_ns INTEGER, tokens INTEGER NOT NULL) STRICT;
CREATE TABLE slice(id INTEGER PRIMARY KEY, lane INTEGER NOT NULL, task INTEGER, iteration INTEGER,
  name INTEGER, start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL, enqueued_ns INTEGER,
  fetched_ns INTEGER, ready_ns INTEGER, preload_ns INTEGER, page_ns INTEGER,
  first_data_ns INTEGER, notified_ns INTEGER, bound INTEGER) STRICT;
CREATE TABLE activation(event INTEGER NOT NULL, iteration INTEGER NOT NULL, activated_ns INTEGER,
  dequeued_ns INTEGER, launched_ns INTEGER, lane INTEGER) STRICT;
CREATE TABLE flow(from_slice INTEGER NOT NULL, to_slice INTEGER NOT NULL) STRICT;
CREATE TABLE detail(slice INTEGER NOT NULL, key INTEGER NOT NULL, value INTEGER NOT NULL) STRICT;
CREATE TABLE interval(lane INTEGER NOT NULL, start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL,
  cause TEXT NOT NULL, task INTEGER, event INTEGER, iteration INTEGER NOT NULL,
  PRIMARY KEY(lane, start_ns)) STRICT, WITHOUT ROWID;
CREATE TABLE clock(device INTEGER PRIMARY KEY, uncertainty_ns INTEGER NOT NULL,
  drift_ppm REAL NOT NULL) STRICT;
CREATE TABLE counter(track INTEGER NOT NULL, time_ns INTEGER NOT NULL, value REAL NOT NULL) STRICT;
CREATE TABLE health(kind TEXT NOT NULL, count INTEGER NOT NULL, message TEXT NOT NULL) STRICT;
)sql";
}

std::string_view index_in_order_sql() {
  return "CREATE INDEX slice_by_lane ON slice(lane, start_ns);";
}

std::string_view trace_indexes_sql() {
  return R"sql(
CREATE INDEX slice_by_iteration ON slice(iteration, task);
CREATE INDEX activation_by_iteration ON activation(iteration, event);
CREATE INDEX task_by_triggering_event ON task(graph, triggering_event);
CREATE INDEX flow_by_target ON flow(to_slice);
CREATE INDEX detail_by_slice ON detail(slice);
CREATE INDEX counter_by_track ON counter(track, time_ns);
)sql";
}

std::string_view trace_views_sql() {
  return R"sql(
CREATE VIEW worker_utilisation AS
  SELECT l.id AS lane, l.device, l.number AS worker, count(s.id) AS slices,
    coalesce(sum(s.end_ns - s.start_ns), 0) AS busy_ns,
    coalesce(sum(s.end_ns - s.start_ns), 0) * 1.0 /
      (SELECT max(end_ns) - min(start_ns) FROM iteration) AS busy_fraction
  FROM lane l LEFT JOIN slice s ON s.lane = l.id WHERE l.kind = 'worker' GROUP BY l.id;
CREATE VIEW operator_time AS
  SELECT i.graph, o.name AS operator, o.kind, count(*) AS slices,
    sum(s.end_ns - s.start_ns) AS total_ns, avg(s.end_ns - s.start_ns) AS mean_ns,
    min(s.end_ns - s.start_ns) AS shortest_ns, max(s.end_ns - s.start_ns) AS longest_ns
  FROM slice s JOIN iteration i ON i.id = s.iteration
    JOIN task t ON t.graph = i.graph AND t.id = s.task
    JOIN operator o ON o.graph = i.graph AND o.id = t.operator
  GROUP BY i.graph, o.name, o.kind;
CREATE VIEW hop_latency AS
  SELECT s.id AS slice, s.lane, s.iteration, s.task, s.ready_ns,
    s.start_ns - max(s.ready_ns, coalesce(s.enqueued_ns, s.ready_ns)) AS seen_after_ns,
    s.start_ns - s.ready_ns AS hop_ns
  FROM slice s WHERE s.task IS NOT NULL AND s.ready_ns IS NOT NULL;
CREATE VIEW slice_detail AS
  SELECT d.slice, k.value AS key, v.value AS value
  FROM detail d JOIN string k ON k.id = d.key JOIN string v ON v.id = d.value;
CREATE VIEW idle_gaps AS
  SELECT lane, iteration, next_task, gap_start_ns, gap_end_ns, gap_end_ns - gap_start_ns AS gap_ns
  FROM (SELECT s.lane, s.iteration, s.task AS next_task, s.start_ns AS gap_end_ns,
      lag(s.end_ns) OVER (PARTITION BY s.lane ORDER BY s.start_ns, s.id) AS gap_start_ns
    FROM slice s JOIN lane l ON l.id = s.lane WHERE l.kind = 'worker')
  WHERE gap_end_ns > gap_start_ns;
)sql";
}

}  // namespace mk
