#include "simulator/kernels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/check.h"

namespace mk::simulator {
namespace {

// What one block of a kernel does in an iteration.
struct BlockWork {
  std::int64_t bytes = 0;
  Picoseconds start_up = 0;
  Picoseconds compute = 0;
  Picoseconds tail = 0;
  std::uint32_t spread = 0;
  Route route = Route::kMemory;
  double limit = 0;  // GB/s
};

// Launch costs under one policy.
struct LaunchHops {
  Hop host{};   // of the host, a launch
  Hop gap{};    // between two kernels
  Hop first{};  // before an iteration's first kernel
  Hop all_reduce{};
  Picoseconds fill = 0;
  Picoseconds drain = 0;
};

LaunchHops launch_hops(const Machine& machine, PolicyKind policy, Spreads& spreads) {
  const LaunchNumbers& launch = machine.launch;
  const auto hop = [&](const Latency& latency) {
    return Hop{latency.typical.value * 1e6, spreads.index_of(latency.spread.value)};
  };
  LaunchHops hops;
  hops.fill = to_picoseconds(launch.kernel_fill.value);
  hops.drain = to_picoseconds(launch.kernel_drain.value);
  const Latency* gap = policy == PolicyKind::kStream  ? &launch.stream
                       : policy == PolicyKind::kGraph ? &launch.graph
                                                      : &launch.pdl;
  hops.gap = hop(*gap);
  hops.all_reduce = hop(machine.link.all_reduce);
  if (policy == PolicyKind::kStream) {
    hops.host = hop(launch.eager);
  } else {
    hops.first = hop(launch.graph_launch);
  }
  return hops;
}

class KernelRun {
 public:
  KernelRun(const TaskGraph& graph, const Machine& machine, const SimulationOptions& options,
            Costs& costs, Spreads& spreads, Recording* recording)
      : graph_(graph),
        machine_(machine),
        options_(options),
        costs_(costs),
        spreads_(spreads),
        recording_(recording),
        policy_(options.policy.kind),
        hops_(launch_hops(machine, policy_, spreads)),
        sms_(static_cast<std::uint32_t>(machine.sms.value)),
        kernels_(kernels_of(graph, options.kernels, evaluated(costs, options), machine)),
        memory_(settings()),
        l2_(l2_beside(settings(), machine_)) {
    if (recording_ != nullptr) lane_ = recording_->add_lane(LaneKind::kStream, "kernels");
  }

  EngineOutcome run() {
    Picoseconds now = 0;
    for (std::uint32_t i = 0; i < options_.iterations.size(); ++i) {
      costs_.evaluate(options_.iterations[i], i > 0);
      outcome_.begins.push_back(now);
      now = iterate(i, now);
      outcome_.ends.push_back(now);
    }
    const std::uint32_t devices = graph_.info().devices;
    outcome_.tasks *= devices;
    outcome_.busy *= devices;
    outcome_.bytes *= devices;
    return std::move(outcome_);
  }

 private:
  static const Costs& evaluated(Costs& costs, const SimulationOptions& options) {
    costs.evaluate(options.iterations.front(), false);
    return costs;
  }

  std::uint32_t most_slots() const {
    std::uint32_t slots = sms_;
    for (const Kernel& kernel : kernels_) {
      const double per_sm = machine_.body(kernel.kind).kernel_blocks_per_sm.value;
      slots = std::max(slots, sms_ * static_cast<std::uint32_t>(per_sm));
    }
    return std::min(slots, Tournament::kMaxEntities);
  }

  MemoryServer::Settings settings() const {
    MemoryServer::Settings settings;
    settings.workers = most_slots();
    settings.limits = {1.0};
    for (std::uint32_t n = 0; n <= settings.workers; ++n) {
      settings.supply.push_back(machine_.bandwidth_at(std::min(n, sms_)));
    }
    settings.smooth_knee = options_.mechanisms.smooth_knee;
    settings.shared = options_.mechanisms.shared_bandwidth;
    // Blocks fill all SMs before any has a second one.
    set_ports(machine_, options_.mechanisms, sms_, settings);
    return settings;
  }

  Picoseconds iterate(std::uint32_t iteration, Picoseconds begin);
  BlockWork block_work(const Kernel& kernel, std::uint32_t slots) const;
  Picoseconds run_blocks(const Kernel& kernel, Picoseconds start, Picoseconds fill,
                         Picoseconds early);
  Picoseconds run_collective(const Kernel& kernel, Picoseconds start, std::uint64_t bits);
  Picoseconds window(const Kernel& kernel, Picoseconds gap) const;
  void start_block(const BlockWork& work, std::uint32_t slot, Picoseconds at);
  // Measured ones only: who gets an SM's drawn factor changes from kernel to kernel.
  double sm_factor(std::uint32_t sm) const {
    const std::vector<Number>& measured = machine_.sm_factor;
    return options_.mechanisms.sm_spread && !measured.empty() ? measured[sm].value : 1;
  }

  const TaskGraph& graph_;
  const Machine& machine_;
  const SimulationOptions& options_;
  Costs& costs_;
  Spreads& spreads_;
  Recording* recording_;
  PolicyKind policy_;
  LaunchHops hops_;
  std::uint32_t sms_;
  std::vector<Kernel> kernels_;
  MemoryServer memory_;
  MemoryServer l2_;

  struct Slot {
    Picoseconds start = 0;
    Picoseconds compute_end = 0;
    double factor = 1;
  };
  std::vector<Slot> slots_{};
  RandomStream draws_{};
  std::uint32_t next_block_ = 0;  // of the iteration
  std::uint32_t lane_ = 0;
  EngineOutcome outcome_{};
};

// The end of the iteration that begins at `begin`.
Picoseconds KernelRun::iterate(std::uint32_t iteration, Picoseconds begin) {
  const bool noise = options_.mechanisms.noise;
  draws_ = RandomStream(options_.seed, iteration, kTaskDraws);
  const RandomStream launches(options_.seed, iteration, kEventDraws);
  const auto bits = [&](std::uint32_t i) { return noise ? launches.bits(i) : 0; };
  next_block_ = 0;
  Picoseconds host = begin;
  Picoseconds blocks_end = begin + hops_.first.draw(spreads_, bits(kNoIndex - 1));
  Picoseconds complete = blocks_end;
  for (std::uint32_t k = 0; k < kernels_.size(); ++k) {
    const Kernel& kernel = kernels_[k];
    host += hops_.host.draw(spreads_, bits(k));
    const bool with_links = kernel.is_collective && options_.mechanisms.links;
    const bool overlaps = policy_ == PolicyKind::kPdl && k > 0 && !kernel.is_collective &&
                          !kernels_[k - 1].is_collective;
    // The launch of a collective is part of what it takes.
    const Picoseconds gap = k > 0 && !with_links ? hops_.gap.draw(spreads_, bits(k) >> 10) : 0;
    const Picoseconds start = std::max(host, (overlaps ? blocks_end : complete) + gap);
    if (with_links) {
      blocks_end = complete = run_collective(kernel, start, bits(k) >> 20);
    } else {
      blocks_end =
          run_blocks(kernel, start, overlaps ? 0 : hops_.fill, overlaps ? window(kernel, gap) : 0);
      complete = blocks_end + hops_.drain;
    }
    outcome_.tasks += kernel.tasks;
    if (recording_ == nullptr) continue;
    recording_->record().spans.push_back({lane_, recording_->name_index(kernel.name),
                                          to_nanoseconds(start), to_nanoseconds(blocks_end),
                                          iteration});
  }
  return complete;
}

// When the collective that starts at `start` has ended on all devices: a ring sends every byte once
// to reduce and once to hand out.
Picoseconds KernelRun::run_collective(const Kernel& kernel, Picoseconds start, std::uint64_t bits) {
  const double devices = graph_.info().devices;
  const double ring = 2 * (devices - 1) / devices * static_cast<double>(kernel.sent);
  const double transfer = ring / (machine_.link.bandwidth.value * 1e-3);
  return start + hops_.all_reduce.draw(spreads_, bits) + static_cast<Picoseconds>(transfer + 0.5);
}

BlockWork KernelRun::block_work(const Kernel& kernel, std::uint32_t slots) const {
  std::int64_t bytes = 0;
  std::int64_t flops = 0;
  BlockWork work;
  for (const std::uint32_t r : kernel.rows) {
    const BodyCost& row = costs_.rows()[r];
    bytes += row.bytes;
    flops += row.flops;
    work.start_up = std::max(work.start_up, row.start_up);
    work.tail = std::max(work.tail, row.tail);
    work.spread = row.spread;
    if (row.bytes > 0) work.route = row.route;
  }
  const BodyNumbers& body = machine_.body(kernel.kind);
  work.limit = work.route == Route::kL2 ? costs_.l2_limit(body) : machine_.stream_limit(body);
  work.bytes = (bytes + kernel.blocks - 1) / kernel.blocks;
  // Blocks that share an SM share its arithmetic.
  const std::uint32_t on_sm = (std::min(kernel.blocks, slots) + sms_ - 1) / sms_;
  const double cycles =
      static_cast<double>(flops) / kernel.blocks * on_sm / body.flops_per_cycle.value;
  work.compute = static_cast<Picoseconds>(cycles / machine_.clock.value * 1e3 + 0.5);
  return work;
}

void KernelRun::start_block(const BlockWork& work, std::uint32_t slot, Picoseconds at) {
  Slot& s = slots_[slot];
  const std::uint64_t bits = options_.mechanisms.noise ? draws_.bits(next_block_) : 0;
  ++next_block_;
  s.factor = spreads_.factor(work.spread, bits) * sm_factor(slot % sms_);
  s.start = at;
  ++outcome_.events;
}

// How long before its dependency is resolved a dependent kernel loads weights: from the end of the
// last block in front of it, until its shared memory is full.
Picoseconds KernelRun::window(const Kernel& kernel, Picoseconds gap) const {
  if (!options_.mechanisms.pdl_window || facts(kernel.kind).cost != CostClass::kStream) return 0;
  const double room = machine_.shared_memory.page_bytes.value * machine_.shared_memory.pages.value;
  const double rate = machine_.bandwidth_at(sms_) * kernel.bandwidth_share / sms_ * 1e-3;
  return std::min(gap, static_cast<Picoseconds>(room / rate));
}

// When the last block of the kernel that starts at `start` has ended. Its first blocks stream from
// `early` before that on.
Picoseconds KernelRun::run_blocks(const Kernel& kernel, Picoseconds start, Picoseconds fill,
                                  Picoseconds early) {
  const BodyNumbers& body = machine_.body(kernel.kind);
  const auto per_sm = static_cast<std::uint32_t>(body.kernel_blocks_per_sm.value);
  std::uint32_t slots = std::min(sms_ * per_sm, most_slots());
  Kernel flow;
  const Kernel* run = &kernel;
  if (!options_.mechanisms.waves && kernel.blocks > slots) {
    flow = kernel;
    flow.blocks = slots;
    run = &flow;
  }
  slots = std::min(slots, run->blocks);
  const BlockWork work = block_work(*run, slots);
  const std::uint32_t on_sm = (slots + sms_ - 1) / sms_;
  MemoryServer& memory = work.route == Route::kL2 ? l2_ : memory_;
  memory.configure(0, work.limit / on_sm, kernel.bandwidth_share);

  // Blocks become ready to stream in the order of their slots; `timers` holds those on their way.
  const Picoseconds begin = start - early;
  Tournament timers(slots);
  slots_.assign(slots, {});
  const auto arm = [&](std::uint32_t slot, Picoseconds at) {
    start_block(work, slot, at);
    const auto ready = at - begin + scaled(work.start_up, slots_[slot].factor);
    timers.set(slot, static_cast<std::uint64_t>(ready) << Tournament::kIndexBits);
  };
  std::uint32_t started = 0;
  for (; started < slots; ++started) {
    arm(started, begin + fill * (started + 1) / slots);
  }
  Picoseconds last_end = start;
  const auto end_block = [&](std::uint32_t slot, Picoseconds done) {
    const Picoseconds end = done + scaled(work.tail, slots_[slot].factor);
    outcome_.busy += (end - slots_[slot].start) / on_sm;
    last_end = std::max(last_end, end);
    if (started < run->blocks) {
      ++started;
      arm(slot, end);
    }
  };
  for (;;) {
    const std::uint64_t timer = timers.top();
    const Picoseconds stream_at = memory.next_end();
    const Picoseconds timer_at =
        timer == Tournament::kNone
            ? MemoryServer::kNever
            : begin + static_cast<Picoseconds>(timer >> Tournament::kIndexBits);
    if (timer == Tournament::kNone && stream_at == MemoryServer::kNever) return last_end;
    if (stream_at <= timer_at) {
      const std::uint32_t slot = memory.finish_next();
      end_block(slot, std::max(stream_at, slots_[slot].compute_end));
      continue;
    }
    const std::uint32_t slot = Tournament::entity_of(timer);
    timers.clear(slot);
    Slot& s = slots_[slot];
    s.compute_end = std::max(timer_at, start) + scaled(work.compute, s.factor);
    if (work.bytes == 0) {
      end_block(slot, s.compute_end);
    } else {
      if (work.route == Route::kMemory) outcome_.bytes += work.bytes;
      memory.start(timer_at, slot, 0, work.bytes, s.factor);
    }
  }
}

}  // namespace

namespace {

// One kernel an operator of device 0.
std::vector<Kernel> single_kernels(const TaskGraph& graph, const Costs& costs,
                                   const Machine& machine) {
  std::vector<Kernel> kernels(graph.operators().size());
  for (std::uint32_t task = 0; task < graph.task_count(); ++task) {
    if (graph.tasks().kind[task] == TaskKind::kEmpty) continue;
    if (graph.op_of(TaskId(task)).device != 0) continue;
    Kernel& kernel = kernels[graph.tasks().op[task]];
    kernel.op = graph.tasks().op[task];
    kernel.kind = graph.tasks().kind[task];
    kernel.bytes += costs.of(task).bytes;
    ++kernel.tasks;
    kernel.rows.push_back(costs.row_of()[task]);
  }
  std::erase_if(kernels, [](const Kernel& kernel) { return kernel.tasks == 0; });
  const auto sms = static_cast<std::uint32_t>(machine.sms.value);
  for (Kernel& kernel : kernels) {
    kernel.name = graph.operators()[kernel.op].name;
    kernel.bandwidth_share = machine.body(kernel.kind).kernel_bandwidth_share.value;
    kernel.blocks = kernel.tasks;
    const CostClass cost = facts(kernel.kind).cost;
    if ((cost == CostClass::kStream || cost == CostClass::kCache) && kernel.tasks < sms) {
      kernel.blocks *= (sms + kernel.tasks - 1) / kernel.tasks;
    }
  }
  return kernels;
}

// Puts that follow one another, and the reduce after them, become one collective kernel, by the
// name of the last of them. A put sends to one peer what all of them get.
std::vector<Kernel> with_collectives(std::vector<Kernel> single) {
  std::vector<Kernel> kernels;
  for (std::size_t k = 0; k < single.size();) {
    kernels.push_back(std::move(single[k++]));
    Kernel& kernel = kernels.back();
    if (kernel.kind != TaskKind::kPut) continue;
    kernel.is_collective = true;
    kernel.sent = kernel.bytes;
    kernel.rows.clear();  // what its tasks do is in the collective's own cost
    kernel.bytes = 0;
    while (k < single.size() && single[k - 1].kind == TaskKind::kPut &&
           (single[k].kind == TaskKind::kPut || single[k].kind == TaskKind::kReduce)) {
      kernel.name = std::move(single[k].name);
      kernel.tasks += single[k].tasks;
      ++k;
    }
  }
  return kernels;
}

// `next` becomes part of `kernel`.
void join(Kernel& kernel, Kernel next) {
  if (next.bytes > kernel.bytes) {
    kernel.kind = next.kind;
    kernel.bytes = next.bytes;
    kernel.bandwidth_share = next.bandwidth_share;
  }
  kernel.tasks += next.tasks;
  kernel.blocks = std::max(kernel.blocks, next.blocks);
  kernel.rows.insert(kernel.rows.end(), next.rows.begin(), next.rows.end());
  kernel.name += "+" + next.name;
}

// The group that begins with this operator, nullptr iff none does.
const KernelGroup* group_of(const KernelPlan& plan, const std::string& name) {
  for (const KernelGroup& group : plan.groups) {
    if (group.operators.front() == name) return &group;
  }
  return nullptr;
}

}  // namespace

std::vector<Kernel> kernels_of(const TaskGraph& graph, const KernelPlan& plan, const Costs& costs,
                               const Machine& machine) {
  std::vector<Kernel> result;
  std::vector<Kernel> single = with_collectives(single_kernels(graph, costs, machine));
  for (std::size_t k = 0; k < single.size();) {
    const KernelGroup* group = group_of(plan, single[k].name);
    for (std::uint32_t n = 1; group != nullptr && n < group->kernels; ++n) {
      Kernel tiny{.op = single[k].op, .name = fmt::format("{}.{}", single[k].name, n)};
      tiny.blocks = 1;
      result.push_back(std::move(tiny));
    }
    result.push_back(std::move(single[k++]));
    if (group == nullptr) continue;
    for (std::size_t i = 1; i < group->operators.size() && k < single.size(); ++i) {
      if (single[k].name != group->operators[i]) break;
      join(result.back(), std::move(single[k++]));
    }
    if (group->bandwidth_share) result.back().bandwidth_share = *group->bandwidth_share;
  }
  return result;
}

EngineOutcome run_kernels(const TaskGraph& graph, const Machine& machine,
                          const SimulationOptions& options, Costs& costs, Spreads& spreads,
                          Recording* recording) {
  return KernelRun(graph, machine, options, costs, spreads, recording).run();
}

}  // namespace mk::simulator
