#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "profiler/analysis/calibration_builder.h"
#include "profiler/analysis/statistics.h"
#include "profiler/analysis/trace_index.h"

namespace mk {
namespace {

constexpr std::size_t kFewest = 20;

double us(Nanoseconds ns) { return static_cast<double>(ns) * 1e-3; }

// Recorded lengths of each step of the protocol, us.
struct Steps {
  std::vector<double> notify{};           // body's end -> arrival
  std::vector<double> seen_at_once{};     // free -> next start, its task ready and in hand before
  std::vector<double> seen_by_poll{};     // ready -> start, the worker waiting with it in hand
  std::vector<double> fetched_by_poll{};  // enqueued -> fetched, the worker waiting
  std::vector<double> enqueue{};          // one task to the next in a dispatcher's row
  std::vector<double> dequeue{};          // activated -> in hand of an idle scheduler
  std::vector<double> boundary{};         // iteration's end -> next begin
  std::vector<double> requests{};         // live in that next iteration, and its tokens
  std::vector<double> tokens{};
};

class Collector {
 public:
  Collector(const Trace& trace, Steps& out) : trace_(trace), index_(trace), out_(out) {}

  void run() {
    first_ = first_steady_iteration(trace_);
    const SliceColumns& s = trace_.slices;
    for (std::uint32_t k = 0; k < s.size(); ++k) {
      if (!s.is_task(k) || s.iteration[k] < first_) continue;
      if (s.notified[k] != kNotTaken) out_.notify.push_back(us(s.notified[k] - s.end[k]));
      add_start(k);
    }
    if (trace_.roles.schedulers == 1) add_enqueues();
    if (trace_.roles.schedulers > 0) add_dequeues();
    for (std::uint32_t i = std::max(first_, 1U); i < trace_.iterations.size(); ++i) {
      const IterationState& state = trace_.iterations[i].state;
      out_.boundary.push_back(us(trace_.iterations[i].start - trace_.iterations[i - 1].end));
      out_.requests.push_back(static_cast<double>(state.quantity(QuantityKind::kLiveRequests, 0)));
      out_.tokens.push_back(state.live_tokens());
    }
  }

 private:
  // Only starts whose worker was free after a task of the same iteration: the others belong to the
  // boundary.
  void add_start(std::uint32_t k) {
    const SliceColumns& s = trace_.slices;
    const std::uint32_t before = index_.before(k);
    if (before == kNoIndex || !s.is_task(before) || s.iteration[before] != s.iteration[k]) return;
    const Nanoseconds free = s.notified[before];
    const Nanoseconds ready = index_.ready(k);
    const Nanoseconds fetched = s.fetched[k];
    if (free == kNotTaken || ready == kNotTaken || fetched == kNotTaken) return;
    if (fetched <= free && ready <= free) {
      out_.seen_at_once.push_back(us(s.start[k] - free));
    } else if (fetched <= ready && free <= ready) {
      out_.seen_by_poll.push_back(us(s.start[k] - ready));
    }
    if (s.enqueued[k] != kNotTaken && s.enqueued[k] > free && fetched > s.enqueued[k]) {
      out_.fetched_by_poll.push_back(us(fetched - s.enqueued[k]));
    }
  }

  void add_enqueues() {
    const SliceColumns& s = trace_.slices;
    // What one dispatcher enqueues in a row: the tasks placed ahead, or those of one event.
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<Nanoseconds>> rows;
    for (std::uint32_t k = 0; k < s.size(); ++k) {
      if (!s.is_task(k) || s.iteration[k] < first_ || s.enqueued[k] == kNotTaken) continue;
      const TaskColumns& tasks = trace_.graph_of(s.iteration[k]).tasks;
      const bool on_activation = is_jit_launched(trace_.policy.kind, tasks.label[s.task[k]]);
      const std::uint32_t event = on_activation ? tasks.dependent_event[s.task[k]] : 0;
      rows[{s.iteration[k], event}].push_back(s.enqueued[k]);
    }
    for (auto& [key, row] : rows) {
      std::sort(row.begin(), row.end());
      for (std::size_t i = 1; i < row.size(); ++i) {
        out_.enqueue.push_back(us(row[i] - row[i - 1]));
      }
    }
  }

  void add_dequeues() {
    std::vector<ActivationRecord> rows = trace_.activations;
    std::erase_if(rows, [&](const ActivationRecord& a) {
      return !a.lane || a.iteration < first_ || a.dequeued == kNotTaken ||
             a.activated == kNotTaken || a.launched == kNotTaken;
    });
    std::sort(rows.begin(), rows.end(), [](const ActivationRecord& a, const ActivationRecord& b) {
      return std::pair(*a.lane, a.dequeued) < std::pair(*b.lane, b.dequeued);
    });
    for (std::size_t i = 1; i < rows.size(); ++i) {
      const bool idle =
          rows[i].lane == rows[i - 1].lane && rows[i - 1].launched <= rows[i].activated;
      if (idle) out_.dequeue.push_back(us(rows[i].dequeued - rows[i].activated));
    }
  }

  const Trace& trace_;
  TraceIndex index_;
  Steps& out_;
  std::uint32_t first_ = 0;
};

struct Typical {
  double value = 0;
  double residual = 0;  // median |x - value| / value
  std::size_t count = 0;
};

Typical typical(const std::vector<double>& steps) {
  Typical t;
  t.count = steps.size();
  t.value = median(steps);
  std::vector<double> errors;
  for (const double s : steps) errors.push_back(std::abs(s - t.value));
  if (t.value > 0) t.residual = quantile(errors, 0.5) / t.value;
  return t;
}

class ProtocolFitter {
 public:
  ProtocolFitter(const Steps& steps, bool has_schedulers, CalibrationBuilder& out)
      : steps_(steps), has_schedulers_(has_schedulers), out_(out), p_(out.machine().protocol) {}

  void fit() {
    fit_directly("protocol.notify", steps_.notify, p_.notify);
    fit_directly("protocol.enqueue", steps_.enqueue, p_.enqueue);
    fit_hand_off();
    fit_fetch();
    fit_dequeue();
    fit_boundary();
    if (!kept_.empty()) {
      out_.note(fmt::format("kept from the base machine, fewer than {} records: {}", kFewest,
                            fmt::join(kept_, ", ")));
    }
  }

 private:
  bool enough(const std::vector<double>& steps, const char* name) {
    if (steps.size() >= kFewest) return true;
    kept_.emplace_back(name);
    return false;
  }

  void fit_directly(const char* path, const std::vector<double>& steps, Latency& latency) {
    if (!enough(steps, path)) return;
    const Typical t = typical(steps);
    out_.set(fmt::format("{}.typical", path), latency.typical, std::max(t.value, 0.0), t.residual,
             t.count);
  }

  // Two sums are seen: observe + dispatch, and that + half a poll period. How the first splits is
  // the base machine's, as far as the sums allow it.
  void fit_hand_off() {
    const bool busy = enough(steps_.seen_at_once,
                             "protocol.dispatch (no worker found its next task "
                             "ready)");
    const bool waiting =
        enough(steps_.seen_by_poll, "protocol.poll_interval (no worker waited for an event)");
    if (!busy && !waiting) return;
    const Typical by_poll = typical(steps_.seen_by_poll);
    Typical at_once = typical(steps_.seen_at_once);
    if (!busy) {
      const double period = p_.observe.typical.value + p_.poll_interval.value;
      at_once = by_poll;
      at_once.value = std::max(by_poll.value - period / 2, 0.0);
    }
    const double period = waiting ? std::max(0.0, 2 * (by_poll.value - at_once.value))
                                  : p_.observe.typical.value + p_.poll_interval.value;
    const double observe = std::min({p_.observe.typical.value, at_once.value, period});
    out_.set("protocol.observe.typical", p_.observe.typical, observe, at_once.residual,
             at_once.count);
    out_.set("protocol.dispatch.typical", p_.dispatch.typical, at_once.value - observe,
             at_once.residual, at_once.count);
    if (waiting) {
      out_.set("protocol.poll_interval", p_.poll_interval, period - observe, by_poll.residual,
               by_poll.count);
    }
    out_.note(
        "protocol.observe and protocol.dispatch are known as a sum only: observe is the base "
        "machine's where that fits");
  }

  void fit_fetch() {
    if (!enough(steps_.fetched_by_poll, "protocol.fetch (no worker waited for its queue)")) return;
    const Typical t = typical(steps_.fetched_by_poll);
    const double poll = (p_.observe.typical.value + p_.poll_interval.value) / 2;
    out_.set("protocol.fetch.typical", p_.fetch.typical, std::max(0.0, t.value - poll), t.residual,
             t.count);
  }

  void fit_dequeue() {
    if (!has_schedulers_ || !enough(steps_.dequeue, "protocol.dequeue")) return;
    const Typical t = typical(steps_.dequeue);
    const double activate = std::min(p_.activate.typical.value, t.value);
    const double rest = t.value - activate;
    const double poll = std::min(p_.scheduler_poll.value / 2, rest);
    out_.set("protocol.activate.typical", p_.activate.typical, activate, t.residual, t.count);
    out_.set("protocol.dequeue.typical", p_.dequeue.typical, rest - poll, t.residual, t.count);
    out_.set("protocol.scheduler_poll", p_.scheduler_poll, 2 * poll, t.residual, t.count);
    out_.note(
        "protocol.activate, dequeue and scheduler_poll are known as a sum only: the first and the "
        "last are the base machine's where that fits");
  }

  // What requests and tokens add stays the base machine's, unless it is more than was seen.
  void fit_boundary() {
    if (steps_.boundary.size() < 3) return kept_.push_back("boundary.base");
    BoundaryNumbers& b = out_.machine().boundary;
    double steps = p_.notify.typical.value;
    if (has_schedulers_) {
      steps += p_.activate.typical.value + p_.dequeue.typical.value + p_.scheduler_poll.value / 2;
    }
    const auto rest_of = [&] {
      std::vector<double> rest;
      for (std::size_t i = 0; i < steps_.boundary.size(); ++i) {
        rest.push_back(steps_.boundary[i] - steps - b.per_request.value * steps_.requests[i] -
                       b.per_token.value * steps_.tokens[i]);
      }
      return typical(rest);
    };
    Typical rest = rest_of();
    if (rest.value < 0) {
      CalibrationBuilder::settle(b.per_request, 0, "calibrate: inside boundary.base");
      CalibrationBuilder::settle(b.per_token, 0, "calibrate: inside boundary.base");
      rest = rest_of();
    }
    out_.set("boundary.base.typical", b.base.typical, std::max(0.0, rest.value), rest.residual,
             rest.count);
  }

  const Steps& steps_;
  bool has_schedulers_;
  CalibrationBuilder& out_;
  ProtocolNumbers& p_;
  std::vector<std::string> kept_{};
};

}  // namespace

void calibrate_protocol(std::span<const Trace> traces, CalibrationBuilder& out) {
  Steps steps;
  bool has_schedulers = false;
  for (const Trace& trace : traces) {
    Collector(trace, steps).run();
    has_schedulers = has_schedulers || trace.roles.schedulers > 0;
  }
  ProtocolFitter(steps, has_schedulers, out).fit();
}

}  // namespace mk
