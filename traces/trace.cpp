#include "traces/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/check.h"
#include "core/task_name.h"

namespace mk {
namespace {

TraceGraph trace_graph(const TaskGraph& graph) {
  TraceGraph out;
  out.hash = graph.hash();
  out.info = graph.info();
  for (const Operator& op : graph.operators()) {
    out.operators.push_back({op.name, op.kind, op.layer, op.device, op.grid.tiles()});
  }
  out.classes.assign(graph.classes().begin(), graph.classes().end());
  for (TaskClass& task_class : out.classes) task_class.page_release_step.clear();
  out.tasks = graph.tasks();
  out.events = graph.events();
  return out;
}

// Task records first, then spans, as one numbering.
struct Order {
  const RunRecord& record;

  std::size_t tasks() const { return record.tasks.size(); }
  auto key(std::size_t i) const {
    if (i < tasks()) {
      const TaskRecord& t = record.tasks[i];
      return std::tuple(t.lane, t.start, t.end, t.iteration, t.task);
    }
    const SpanRecord& s = record.spans[i - tasks()];
    return std::tuple(s.lane, s.start, s.end, s.iteration.value_or(kNoIndex), kNoIndex);
  }
};

std::vector<std::size_t> sorted_order(const RunRecord& record) {
  const Order order{record};
  std::vector<std::size_t> index(record.tasks.size() + record.spans.size());
  std::iota(index.begin(), index.end(), std::size_t{0});
  std::stable_sort(index.begin(), index.end(),
                   [&](std::size_t a, std::size_t b) { return order.key(a) < order.key(b); });
  return index;
}

void set_task(SliceColumns& slices, std::size_t i, const TaskRecord& t, const RunRecord& record) {
  MK_CHECK(t.iteration < record.iterations.size(), "a task record's iteration is in range");
  MK_CHECK(t.task < record.graphs[record.iterations[t.iteration].graph]->task_count(),
           "a task record's task is in its iteration's graph");
  MK_CHECK(t.lane < record.lanes.size(), "a task record's lane is in range");
  MK_CHECK(t.start != kNotTaken && t.start <= t.end, "a task record's start and end were taken");
  slices.lane[i] = t.lane;
  slices.task[i] = t.task;
  slices.iteration[i] = t.iteration;
  slices.enqueued.set(i, t.enqueued);
  slices.fetched.set(i, t.fetched);
  slices.ready.set(i, t.ready);
  slices.preload.set(i, t.preload);
  slices.page.set(i, t.page);
  slices.start.set(i, t.start);
  slices.first_data.set(i, t.first_data);
  slices.end.set(i, t.end);
  slices.notified.set(i, t.notified);
  slices.bound[i] = t.bound;
}

void set_span(SliceColumns& slices, std::size_t i, const SpanRecord& s, const RunRecord& record) {
  MK_CHECK(s.lane < record.lanes.size(), "a span's lane is in range");
  MK_CHECK(s.name < record.span_names.size(), "a span's name is in range");
  MK_CHECK(!s.iteration || *s.iteration < record.iterations.size(),
           "a span's iteration is in range");
  MK_CHECK(s.start <= s.end, "a span ends after its start");
  slices.lane[i] = s.lane;
  slices.name[i] = s.name;
  slices.iteration[i] = s.iteration.value_or(kNoIndex);
  slices.start.set(i, s.start);
  slices.end.set(i, s.end);
}

SliceColumns make_slices(const RunRecord& record) {
  const std::vector<std::size_t> order = sorted_order(record);
  SliceColumns slices;
  slices.resize(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (order[i] < record.tasks.size()) {
      set_task(slices, i, record.tasks[order[i]], record);
    } else {
      set_span(slices, i, record.spans[order[i] - record.tasks.size()], record);
    }
  }
  return slices;
}

void check_activations(const Trace& trace) {
  for (const ActivationRecord& a : trace.activations) {
    MK_CHECK(a.iteration < trace.iterations.size(), "an activation's iteration is in range");
    MK_CHECK(a.event < trace.graph_of(a.iteration).event_count(),
             "an activation's event is in its iteration's graph");
    MK_CHECK(!a.lane || *a.lane < trace.lanes.size(), "an activation's lane is in range");
  }
}

// Names and tracks share one table of strings, tracks after names.
void add_counters(Trace& trace, const RunRecord& record) {
  const auto names = static_cast<std::uint32_t>(trace.strings.size());
  trace.strings.insert(trace.strings.end(), record.counter_tracks.begin(),
                       record.counter_tracks.end());
  for (CounterSample sample : record.counters) {
    MK_CHECK(sample.track < record.counter_tracks.size(), "a counter's track is in range");
    sample.track += names;
    trace.counters.push_back(sample);
  }
}

// The keys that follow from the record; the rest is the caller's.
void add_meta(Trace& trace) {
  const auto put = [&](const char* key, std::string value) { trace.meta[key] = std::move(value); };
  if (!trace.graphs.empty()) put("graph_hash", fmt::format("{:016x}", trace.graphs[0].hash));
  put("policy", std::string(facts(trace.policy.kind).name));
  put("placement", std::string(name_of(trace.policy.placement)));
  put("jit_placement",
      trace.policy.jit_placement == JitPlacement::kInTurn ? "in_turn" : "shortest_queue");
  put("blocking_fifo", trace.policy.blocking_fifo ? "1" : "0");
  put("workers", std::to_string(trace.roles.workers));
  put("schedulers", std::to_string(trace.roles.schedulers));
}

}  // namespace

Trace make_trace(const RunRecord& record) {
  Trace trace;
  trace.meta = record.meta;
  trace.policy = record.policy;
  trace.roles = record.roles;
  for (const auto& graph : record.graphs) trace.graphs.push_back(trace_graph(*graph));
  add_meta(trace);
  if (record.machine) trace.meta["machine"] = machine_to_json(*record.machine);
  trace.lanes = record.lanes;
  trace.iterations = record.iterations;
  for (const IterationRecord& it : record.iterations) {
    MK_CHECK(it.graph < record.graphs.size(), "an iteration's graph is in range");
    MK_CHECK(it.start <= it.end, "an iteration ends after its start");
  }
  trace.requests = record.requests;
  trace.strings = record.span_names;
  trace.slices = make_slices(record);
  trace.activations = record.activations;
  check_activations(trace);
  std::stable_sort(trace.activations.begin(), trace.activations.end(),
                   [](const ActivationRecord& a, const ActivationRecord& b) {
                     const auto lane = [](const ActivationRecord& r) {
                       return r.lane.value_or(kNoIndex);
                     };
                     return std::tuple(a.iteration, a.event, lane(a)) <
                            std::tuple(b.iteration, b.event, lane(b));
                   });
  trace.clocks = record.clocks;
  add_counters(trace, record);
  trace.health = record.health;
  return trace;
}

void SliceColumns::resize(std::size_t size) {
  for (auto* column : {&lane, &task, &iteration, &name}) column->resize(size, kNoIndex);
  for (auto* column :
       {&enqueued, &fetched, &ready, &preload, &page, &start, &first_data, &end, &notified}) {
    column->resize(size);
  }
  bound.resize(size, Bound::kUnknown);
}

std::size_t SliceColumns::bytes() const {
  std::size_t bytes = bound.capacity() * sizeof(Bound);
  for (const auto* column : {&lane, &task, &iteration, &name})
    bytes += column->capacity() * sizeof(std::uint32_t);
  for (const auto* column :
       {&enqueued, &fetched, &ready, &preload, &page, &start, &first_data, &end, &notified}) {
    bytes += column->bytes();
  }
  return bytes;
}

std::string TraceGraph::task_name(std::uint32_t task) const {
  const TraceOperator& op = op_of(task);
  TaskNameParts parts{.op = op.name,
                      .layer = op.layer,
                      .kind = tasks.kind[task],
                      .task = task,
                      .tile = tasks.tile[task],
                      .peer = class_of(task).peer};
  if (info.devices > 1) parts.device = op.device;
  return mk::task_name(parts);
}

Nanoseconds Trace::start() const {
  if (iterations.empty()) {
    const auto first = std::min_element(slices.start.begin(), slices.start.end());
    return first == slices.start.end() ? 0 : *first;
  }
  Nanoseconds first = iterations.front().start;
  for (const IterationRecord& it : iterations) first = std::min(first, it.start);
  return first;
}

Nanoseconds Trace::end() const {
  if (iterations.empty()) {
    const auto last = std::max_element(slices.end.begin(), slices.end.end());
    return last == slices.end.end() ? 0 : *last;
  }
  Nanoseconds last = iterations.front().end;
  for (const IterationRecord& it : iterations) last = std::max(last, it.end);
  return last;
}

CauseInput cause_input(const Trace& trace) {
  CauseInput input;
  input.policy = trace.policy.kind;
  for (const TraceGraph& graph : trace.graphs) {
    input.graphs.push_back({graph.tasks.dependent_event, graph.tasks.triggering_event,
                            graph.tasks.kind, graph.events.trigger_count});
  }
  const SliceColumns& s = trace.slices;
  input.lanes = trace.lanes;
  input.iterations = trace.iterations;
  input.activations = trace.activations;
  input.lane = s.lane;
  input.task = s.task;
  input.iteration = s.iteration;
  input.enqueued = s.enqueued;
  input.ready = s.ready;
  input.page = s.page;
  input.start = s.start;
  input.first_data = s.first_data;
  input.end = s.end;
  input.notified = s.notified;
  input.bound = s.bound;
  return input;
}

std::vector<Interval> intervals_of(const Trace& trace) {
  return trace.intervals.empty() ? derive_intervals(cause_input(trace)) : trace.intervals;
}

namespace {

constexpr std::array kLaneKinds = {LaneKind::kWorker, LaneKind::kScheduler, LaneKind::kLink,
                                   LaneKind::kStream, LaneKind::kApi,       LaneKind::kNvtx};
constexpr std::array kBounds = {Bound::kUnknown, Bound::kMemory, Bound::kCompute};

template <typename Kinds>
auto from_name(const Kinds& kinds, std::string_view name)
    -> std::optional<typename Kinds::value_type> {
  for (const auto kind : kinds) {
    if (name_of(kind) == name) return kind;
  }
  return std::nullopt;
}

}  // namespace

std::optional<LaneKind> lane_kind_from_name(std::string_view name) {
  return from_name(kLaneKinds, name);
}

std::string_view name_of(Bound bound) {
  constexpr std::array<std::string_view, 3> kNames = {"unknown", "memory", "compute"};
  return kNames[static_cast<std::size_t>(bound)];
}

std::optional<Bound> bound_from_name(std::string_view name) { return from_name(kBounds, name); }

std::string_view name_of(LaunchLabel label) { return label == LaunchLabel::kJit ? "jit" : "aot"; }

std::string lane_name(const Lane& lane) {
  if (!lane.name.empty()) return lane.name;
  const std::string device = lane.device == 0 ? std::string() : fmt::format("gpu{} ", lane.device);
  return fmt::format("{}{} {}", device, name_of(lane.kind), lane.number);
}

}  // namespace mk
