#include "gpu_backend/host/run_options.h"

#include <fmt/format.h>
#include <sched.h>

#include <cmath>
#include <thread>

#include "gpu_backend/protocol/peers.h"

namespace mk {
namespace {

Status check_injections(const TaskGraph& graph, const HostRunOptions& options) {
  for (const SlowWorker& slow : options.injections.slow_workers) {
    if (slow.worker >= options.roles.workers) {
      return fail(ErrorCode::kUsage, fmt::format("slow_worker: there is no worker {} among {}",
                                                 slow.worker, options.roles.workers));
    }
  }
  const std::optional<std::uint32_t> lost = options.injections.lost_notify;
  if (lost && *lost >= graph.task_count()) {
    return fail(ErrorCode::kUsage, fmt::format("lost_notify: there is no task {} among {}", *lost,
                                               graph.task_count()));
  }
  return {};
}

// What protocol/peers.h takes.
Status check_devices(const TaskGraph& graph, const HostRunOptions& options) {
  const std::uint32_t devices = graph.info().devices;
  const auto refuse = [&](ErrorCode code, std::string_view why) {
    return fail(code, fmt::format("a graph for {} devices: {}", devices, why));
  };
  if (facts(options.policy.kind).has_jit_queue && options.roles.schedulers == 0) {
    return refuse(ErrorCode::kUsage,
                  fmt::format("under {} it needs a scheduler on each device, to take what peers "
                              "activate",
                              facts(options.policy.kind).name));
  }
  if (graph.event_count() >> protocol::kEventBits != 0 || devices > protocol::kMaxPeers) {
    return refuse(
        ErrorCode::kUnsupported,
        fmt::format("{} events, at most {} on at most {} devices run", graph.event_count(),
                    1U << protocol::kEventBits, protocol::kMaxPeers));
  }
  std::vector<std::uint8_t> has_tasks(devices, 0);
  for (const Operator& op : graph.operators()) has_tasks[op.device] = 1;
  for (std::uint32_t d = 0; d < devices; ++d) {
    if (has_tasks[d] == 0) {
      return refuse(ErrorCode::kInvalidInput, fmt::format("device {} has no operator", d));
    }
  }
  return {};
}

}  // namespace

std::uint32_t usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    return static_cast<std::uint32_t>(CPU_COUNT(&set));
  }
  return std::max(1U, std::thread::hardware_concurrency());
}

Status check_options(const TaskGraph& graph, const HostRunOptions& options) {
  const PolicyFacts& policy = facts(options.policy.kind);
  if (policy.family != PolicyFamily::kMegakernel) {
    return fail(ErrorCode::kUsage,
                fmt::format("policy '{}' launches kernels; host threads run aot, jit, hybrid and "
                            "static",
                            policy.name));
  }
  if (options.policy.kind == PolicyKind::kHybrid && options.policy.blocking_fifo) {
    return fail(ErrorCode::kUsage,
                "policy 'hybrid' with blocking_fifo can deadlock: a worker blocks on a task that "
                "was placed ahead while the JIT task that would release it stands in its other "
                "queue; only the simulator runs it");
  }
  if (options.roles.workers == 0) return fail(ErrorCode::kUsage, "0 workers execute nothing");
  if (graph.info().devices > 1) {
    if (Status devices = check_devices(graph, options); !devices) return devices;
  }
  if (!options.task_us.empty() && options.task_us.size() != graph.task_count()) {
    return fail(ErrorCode::kInvalidInput, fmt::format("{} estimates of task durations for {} tasks",
                                                      options.task_us.size(), graph.task_count()));
  }
  if (!(options.deadline_seconds > 0) || !std::isfinite(options.deadline_seconds)) {
    return fail(ErrorCode::kUsage,
                fmt::format("the deadline must be above 0 s, not {:g}", options.deadline_seconds));
  }
  return check_injections(graph, options);
}

}  // namespace mk
