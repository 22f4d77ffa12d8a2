#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "profiler/analysis/calibration_builder.h"
#include "profiler/analysis/robust_fit.h"
#include "profiler/analysis/statistics.h"

namespace mk {
namespace {

constexpr std::size_t kFewest = 20;
constexpr double kMostSpread = 1;  // of a hop: a log-normal that is wider has another mean

struct Typical {
  double value = 0;
  double residual = 0;   // median |x - value| / value
  double variation = 0;  // robust coefficient of variation
  std::size_t count = 0;
};

Typical typical(std::vector<double> values) {
  Typical t;
  t.count = values.size();
  t.value = std::max(0.0, quantile(values, 0.5));
  if (t.value <= 0) return t;
  std::vector<double> positive;
  for (const double v : values) positive.push_back(std::max(v, 1e-6));
  t.variation = robust_spread(positive, std::vector<double>(values.size(), t.value)).variation;
  for (double& v : values) v = std::abs(v - t.value) / t.value;
  t.residual = quantile(values, 0.5);
  return t;
}

Typical typical(const std::vector<StepRecord>& steps) {
  std::vector<double> us;
  for (const StepRecord& s : steps) us.push_back(s.us);
  return typical(std::move(us));
}

class ProtocolFitter {
 public:
  ProtocolFitter(const ProtocolSteps& steps, CalibrationBuilder& out)
      : steps_(steps), out_(out), p_(out.machine().protocol) {}

  void fit() {
    fit_notify();
    fit_hand_off();
    fit_queue();
    const double overhead = fit_enqueue();
    fit_dequeue(overhead);
    fit_boundary();
    if (!kept_.empty()) {
      out_.note(fmt::format("kept from the base machine, fewer than {} records: {}", kFewest,
                            fmt::join(kept_, ", ")));
    }
  }

 private:
  template <typename Record>
  bool enough(const std::vector<Record>& records, const char* name) {
    if (records.size() >= kFewest) return true;
    kept_.emplace_back(name);
    return false;
  }

  void set_spread(const char* path, Latency& latency, double deviation, double residual,
                  std::size_t count) {
    if (latency.typical.value <= 0) return;
    out_.set(fmt::format("{}.spread", path), latency.spread,
             std::min(deviation / latency.typical.value, kMostSpread), residual, count);
  }

  void fit_notify() {
    if (!enough(steps_.notify, "protocol.notify")) return;
    const Typical t = typical(steps_.notify);
    out_.set("protocol.notify.typical", p_.notify.typical, t.value, t.residual, t.count);
    set_spread("protocol.notify", p_.notify, t.variation * t.value, t.residual, t.count);
  }

  // A worker that looks at two places loads twice a turn.
  double looks_of_two() const { return 2 * p_.observe.typical.value + p_.poll_interval.value; }
  double looks_of_one() const { return p_.observe.typical.value + p_.poll_interval.value; }

  void fit_hand_off() {
    const Typical launched = typical(steps_.launched);
    const bool launches = launched.count >= kFewest;
    if (launches) {
      out_.set("protocol.dispatch.typical", p_.dispatch.typical, launched.value, launched.residual,
               launched.count);
      set_spread("protocol.dispatch", p_.dispatch, launched.variation * launched.value,
                 launched.residual, launched.count);
    }
    const bool of_two = steps_.placed_ahead.size() < kFewest;
    const std::vector<HandOff>& records = of_two ? steps_.placed_ahead_of_two : steps_.placed_ahead;
    if (records.size() < kFewest) {
      if (!launches) kept_.emplace_back("protocol.observe, dispatch, poll_interval");
      return;
    }
    // A batch's descriptors are in hand by `fetched`; a batch of one is what the turn is.
    const double fetch = p_.fetch_batch.value == 1 ? p_.fetch.typical.value : 0;
    const HandOffFit fit =
        mk::fit_hand_off(records, {fetch, of_two ? looks_of_two() : looks_of_one(), 0});
    if (!fit.step_known) {
      kept_.emplace_back("protocol.observe, dispatch, poll_interval (too few of one kind)");
      return;
    }
    set_looks(fit, of_two, launches);
    looks_known_ = true;
    set_turn(fit);
    if (!launches) set_hand_off_spread(fit);
  }

  // observe + dispatch = step, and the period.
  void set_looks(const HandOffFit& fit, bool of_two, bool dispatch_known) {
    const HandOffNumbers& n = fit.numbers;
    const std::size_t count = fit.at_once + fit.waiting;
    const double residual = std::max(fit.at_once_residual, fit.waiting_residual);
    const double loads = of_two ? 2 : 1;
    const double most = std::min(n.step, n.period / loads);
    const double observe =
        dispatch_known ? std::clamp(n.step - p_.dispatch.typical.value, 0.0, n.period / loads)
                       : std::min(p_.observe.typical.value, most);
    out_.set("protocol.observe.typical", p_.observe.typical, observe, residual, count);
    if (!dispatch_known) {
      out_.set("protocol.dispatch.typical", p_.dispatch.typical, n.step - observe, residual, count);
      out_.known_with("protocol.observe.typical", "protocol.dispatch");
      out_.known_with("protocol.dispatch.typical", "protocol.observe");
      out_.note(
          "protocol.observe and protocol.dispatch are known as a sum only: observe is the base "
          "machine's where that fits");
    }
    out_.set("protocol.poll_interval", p_.poll_interval, n.period - loads * observe,
             fit.waiting_residual, fit.waiting);
    if (fit.period_known) return;
    out_.known_with("protocol.poll_interval", "protocol.dispatch");
    out_.note(
        "protocol.poll_interval is the base machine's, as far as that fits: no worker waited so "
        "shortly that the phase of its looks would show; half of it and dispatch are known as a "
        "sum");
  }

  // What a worker needs after each arrival before it first looks, beyond what `fetched` shows.
  void set_turn(const HandOffFit& fit) {
    const double turn = fit.numbers.turn;
    const bool is_seen = fetches().size() >= kFewest;
    const bool is_none = turn <= fit.numbers.period / 2;
    if (!fit.turn_known || (is_none && (is_seen || p_.fetch_batch.value != 1))) return;
    if (p_.fetch_batch.value != 1) {
      CalibrationBuilder::settle(p_.fetch_batch, 1,
                                 "calibrate: every task waits for its own turn, not one a batch");
    }
    turn_known_ = true;
    out_.set("protocol.fetch.typical", p_.fetch.typical, turn + fetch_a_task(),
             fit.at_once_residual, fit.at_once);
    if (!fit.period_known) out_.known_with("protocol.fetch.typical", "protocol.poll_interval");
  }

  const std::vector<HandOff>& fetches() const {
    return steps_.fetched.size() < kFewest ? steps_.fetched_of_two : steps_.fetched;
  }

  // us a task that `fetched` itself shows.
  double fetch_a_task() const {
    std::vector<double> at_once;
    for (const HandOff& h : fetches()) {
      if (h.wait <= 0) at_once.push_back(h.us);
    }
    const std::size_t tasks =
        steps_.placed_ahead.size() + steps_.placed_ahead_of_two.size() + steps_.launched.size();
    return median(at_once) * static_cast<double>(at_once.size()) /
           static_cast<double>(std::max<std::size_t>(1, tasks));
  }

  // The looks' phase is no deviation of a step.
  void set_hand_off_spread(const HandOffFit& fit) {
    // A uniform phase's median deviation is a quarter of a period, as which it shows in `waiting`.
    const double phase = std::pow(0.3707 * fit.numbers.period, 2);
    const double waiting = fit.waiting_deviation * fit.waiting_deviation;
    const double at_once = fit.at_once_deviation * fit.at_once_deviation;
    const double step = fit.waiting < kFewest ? at_once : std::max(0.0, waiting - phase);
    // Of both, since only their sum is known.
    const double share = std::sqrt(step) / std::max(1e-9, std::hypot(p_.observe.typical.value,
                                                                     p_.dispatch.typical.value));
    set_spread("protocol.observe", p_.observe, share * p_.observe.typical.value,
               fit.waiting_residual, fit.waiting);
    set_spread("protocol.dispatch", p_.dispatch, share * p_.dispatch.typical.value,
               fit.waiting_residual, fit.waiting);
    if (turn_known_) {
      set_spread("protocol.fetch", p_.fetch, std::sqrt(std::max(0.0, at_once - step)),
                 fit.at_once_residual, fit.at_once);
    }
  }

  // From a queue: fetch, and half a period where the worker waited for it.
  void fit_queue() {
    if (turn_known_) return;
    const std::vector<HandOff>& records = fetches();
    if (!enough(records, "protocol.fetch (no worker fetched a batch after its arrival)")) return;
    const bool of_two = steps_.fetched.size() < kFewest;
    const double looks = of_two ? looks_of_two() : looks_of_one();
    const HandOffFit fit = mk::fit_hand_off(records, {0, looks, 0});
    if (!fit.step_known) {
      kept_.emplace_back("protocol.fetch (too few of one kind)");
      return;
    }
    const HandOffNumbers& n = fit.numbers;
    out_.set("protocol.fetch.typical", p_.fetch.typical, n.step + n.turn,
             std::max(fit.at_once_residual, fit.waiting_residual), fit.at_once + fit.waiting);
    if (looks_known_) return;
    const double loads = of_two ? 2 : 1;
    const double observe = std::min(p_.observe.typical.value, n.period / loads);
    CalibrationBuilder::settle(p_.observe.typical, observe,
                               "calibrate: within the period of looks");
    out_.set("protocol.poll_interval", p_.poll_interval, n.period - loads * observe,
             fit.waiting_residual, fit.waiting);
    out_.known_with("protocol.poll_interval", "protocol.fetch");
    out_.known_with("protocol.fetch.typical", "protocol.poll_interval");
  }

  // us of an event's dispatch beyond what its tasks take.
  double fit_enqueue() {
    double tasks = 0;
    std::vector<double> each, weights, errors;
    for (const StepRecord& s : steps_.enqueues) {
      tasks += s.amount;
      each.push_back(s.us / s.amount);
      weights.push_back(s.amount);
    }
    if (tasks < kFewest) {
      kept_.emplace_back("protocol.enqueue");
      return 0;
    }
    const double enqueue = weighted_median(each, weights);
    for (const double e : each) errors.push_back(std::abs(e - enqueue) / std::max(enqueue, 1e-9));
    out_.set("protocol.enqueue.typical", p_.enqueue.typical, enqueue, quantile(errors, 0.5),
             static_cast<std::size_t>(tasks));
    std::vector<double> rest;
    for (const StepRecord& s : steps_.dispatches) rest.push_back(s.us - enqueue * s.amount);
    return std::max(0.0, median(rest));
  }

  void fit_dequeue(double overhead) {
    if (!steps_.has_schedulers || !enough(steps_.dequeue, "protocol.dequeue")) return;
    const Typical t = typical(steps_.dequeue);
    const double activate = std::min(p_.activate.typical.value, t.value);
    const double rest = t.value - activate;
    const double poll = std::min(p_.scheduler_poll.value / 2, rest);
    out_.set("protocol.activate.typical", p_.activate.typical, activate, t.residual, t.count);
    out_.set("protocol.dequeue.typical", p_.dequeue.typical, rest - poll + overhead, t.residual,
             t.count);
    out_.set("protocol.scheduler_poll", p_.scheduler_poll, 2 * poll, t.residual, t.count);
    out_.known_with("protocol.activate.typical", "protocol.dequeue, protocol.scheduler_poll");
    out_.known_with("protocol.dequeue.typical", "protocol.activate, protocol.scheduler_poll");
    out_.known_with("protocol.scheduler_poll", "protocol.activate, protocol.dequeue");
    out_.note(
        "protocol.activate, dequeue and scheduler_poll are known as a sum only: the first and the "
        "last are the base machine's where that fits");
  }

  // What requests and tokens add stays the base machine's, unless it is more than was seen.
  void fit_boundary() {
    if (steps_.boundary.size() < 3) {
      kept_.emplace_back("boundary.base");
      return;
    }
    BoundaryNumbers& b = out_.machine().boundary;
    double steps = p_.notify.typical.value;
    if (steps_.has_schedulers) {
      steps += p_.activate.typical.value + p_.dequeue.typical.value + p_.scheduler_poll.value / 2;
    }
    const auto rest_of = [&] {
      std::vector<double> rest;
      for (const BoundaryRecord& r : steps_.boundary) {
        rest.push_back(r.us - steps - b.per_request.value * r.requests -
                       b.per_token.value * r.tokens);
      }
      return rest;
    };
    std::vector<double> rest = rest_of();
    if (median(rest) < 0) {
      CalibrationBuilder::settle(b.per_request, 0, "calibrate: inside boundary.base");
      CalibrationBuilder::settle(b.per_token, 0, "calibrate: inside boundary.base");
      rest = rest_of();
    }
    const Typical t = typical(rest);
    out_.set("boundary.base.typical", b.base.typical, t.value, t.residual, t.count);
    out_.known_with("boundary.base.typical", "boundary.per_request, boundary.per_token");
  }

  const ProtocolSteps& steps_;
  CalibrationBuilder& out_;
  ProtocolNumbers& p_;
  bool looks_known_ = false;  // observe and poll_interval
  bool turn_known_ = false;
  std::vector<std::string> kept_{};
};

}  // namespace

void calibrate_protocol(const ProtocolSteps& steps, CalibrationBuilder& out) {
  ProtocolFitter(steps, out).fit();
}

}  // namespace mk
