#include "simulator/bounds.h"

#include <algorithm>
#include <limits>
#include <set>

#include "simulator/engine_input.h"

namespace mk::simulator {
namespace {

// The engine rounds weights to 2^-20 and instants to ps; a bound has to stay below that.
constexpr double kBelowRounding = 1 - 4e-6;

class Bounds {
 public:
  Bounds(const TaskGraph& graph, const Machine& machine, const SimulationOptions& options,
         Costs& costs, const Spreads& spreads, const Hops& hops, double fastest_sm)
      : graph_(graph),
        machine_(machine),
        options_(options),
        costs_(costs),
        spreads_(spreads),
        hops_(hops),
        fastest_sm_(fastest_sm * kBelowRounding),
        bytes_on_(graph.info().devices),
        active_at_(graph.event_count()) {}

  LowerBounds compute() {
    const bool megakernel = facts(options_.policy.kind).family == PolicyFamily::kMegakernel;
    for (std::uint32_t i = 0; i < options_.iterations.size(); ++i) {
      if (i <= 1 || !(options_.iterations[i] == options_.iterations[i - 1])) {
        costs_.evaluate(options_.iterations[i], i > 0);
      }
      add_amounts();
      if (megakernel) add_iteration(i);
    }
    finish(megakernel);
    return bounds_;
  }

 private:
  void add_amounts() {
    for (std::uint32_t task = 0; task < graph_.task_count(); ++task) {
      const BodyCost& cost = costs_.of(task);
      // The fastest that noise can make it.
      compute_ += static_cast<double>(cost.compute) * cost.tiles * spreads_.factor(cost.spread, 0);
      bounds_.flops += cost.flops;
      if (cost.route != Route::kMemory) continue;
      bytes_on_[graph_.op_of(TaskId(task)).device] += cost.bytes;
      bounds_.weight_bytes += cost.bytes - cost.kv_bytes;
      bounds_.kv_bytes += cost.kv_bytes;
    }
  }

  // The body alone with the memory and preloaded as far as it may be, ps before noise.
  double shortest(const BodyCost& cost) const {
    const std::vector<double>& limits =
        cost.route == Route::kL2 ? costs_.l2_limits() : costs_.limits();
    const double limit = limits[cost.stream_class] * 1e-3;
    const double stream = static_cast<double>(cost.bytes - cost.preload) / limit;
    const double compute = static_cast<double>(cost.compute) * cost.tiles;
    const auto between = static_cast<double>(cost.between) * (cost.tiles - 1);
    const auto next = static_cast<double>(cost.next) * (cost.tiles - 1);
    const auto start_up = static_cast<double>(cost.start_up);
    const std::uint32_t first = cost.preload > 0 ? 0 : 1;
    const auto tail = static_cast<double>(cost.tail);
    if (cost.ahead > 0) return start_up * first + std::max(stream, compute + between) + tail;
    const auto input = static_cast<double>(cost.input);
    return start_up * first + next + std::max({stream, compute, input}) + tail;
  }

  void add_iteration(std::uint32_t iteration) {
    const RandomStream draws(options_.seed, iteration, kTaskDraws);
    std::vector<double> alone;
    for (const BodyCost& cost : costs_.rows()) alone.push_back(shortest(cost));
    std::fill(active_at_.begin(), active_at_.end(), 0.0);
    const TaskColumns& tasks = graph_.tasks();
    const auto swing = static_cast<double>(hops_.l2_swing);
    const double delay = options_.injections.notify_delay_us * 1e6;
    const bool beside = hops_.keeps_books_beside(options_.policy.kind);
    for (std::uint32_t task = 0; task < graph_.task_count(); ++task) {
      const std::uint32_t row = costs_.row_of()[task];
      const std::uint64_t bits = options_.mechanisms.noise ? draws.bits(task) : 0;
      const double body =
          alone[row] * fastest_sm_ * spreads_.factor(costs_.rows()[row].spread, bits >> kBodyBits);
      const auto dispatch =
          static_cast<double>(hops_.dispatch.draw(spreads_, bits >> kDispatchBits));
      const std::uint32_t event = tasks.triggering_event[task];
      const auto notify =
          static_cast<double>(arrival_hop(task, event).draw(spreads_, bits >> kNotifyBits));
      work_ += body;
      double& activated = active_at_[event];
      const double run = beside ? std::max(dispatch, body) : dispatch + body;
      activated = std::max(activated, active_at_[tasks.dependent_event[task]] + run + delay +
                                          std::max(0.0, notify - swing) - 4);
    }
    critical_path_ += active_at_.back();
  }

  const Hop& arrival_hop(std::uint32_t task, std::uint32_t event) const {
    if (graph_.info().devices == 1) return hops_.notify;
    if (graph_.op_of(TaskId(task)).device == graph_.events().device[event]) return hops_.notify;
    return costs_.of(task).route == Route::kLink ? hops_.put : hops_.peer_notify;
  }

  // GB/s that the GPCs of the first `sms` SMs take in together.
  double taken_in_by_gpcs(std::uint32_t sms) const {
    const double limit = gpc_limit(machine_, options_.mechanisms);
    if (limit <= 0) return std::numeric_limits<double>::infinity();
    std::set<std::uint32_t> gpcs;
    for (std::uint32_t sm = 0; sm < sms; ++sm) gpcs.insert(machine_.port_of(sm));
    return limit * static_cast<double>(gpcs.size());
  }

  void finish(bool megakernel) {
    const double on_device = megakernel ? options_.roles.workers : machine_.sms.value;
    const double units = on_device * graph_.info().devices;
    double best = 0;
    for (std::uint32_t n = 1; n <= static_cast<std::uint32_t>(on_device); ++n) {
      best = std::max(best, machine_.bandwidth_at(n));
    }
    best = std::min(best, taken_in_by_gpcs(static_cast<std::uint32_t>(on_device)));
    const auto bytes = static_cast<double>(*std::max_element(bytes_on_.begin(), bytes_on_.end()));
    const auto duration = [](double ps) { return Duration(static_cast<Picoseconds>(ps)); };
    if (options_.mechanisms.shared_bandwidth) {
      bounds_.bytes = duration(bytes / (best * 1e-3) * kBelowRounding);
    }
    bounds_.flop = duration(compute_ / units * fastest_sm_);
    bounds_.critical_path = duration(critical_path_);
    if (megakernel) bounds_.work = duration(work_ / units);
  }

  const TaskGraph& graph_;
  const Machine& machine_;
  const SimulationOptions& options_;
  Costs& costs_;
  const Spreads& spreads_;
  const Hops& hops_;
  double fastest_sm_;
  std::vector<std::int64_t> bytes_on_;  // a device
  std::vector<double> active_at_;
  double critical_path_ = 0;
  double work_ = 0;
  double compute_ = 0;
  LowerBounds bounds_{};
};

}  // namespace

LowerBounds lower_bounds(const TaskGraph& graph, const Machine& machine,
                         const SimulationOptions& options, Costs& costs, const Spreads& spreads,
                         const Hops& hops, double fastest_sm) {
  return Bounds(graph, machine, options, costs, spreads, hops, fastest_sm).compute();
}

}  // namespace mk::simulator
