#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "core/launch_check.h"
#include "core/machine.h"
#include "experiments/cli/command_line.h"
#include "experiments/cli/graph_argument.h"
#include "experiments/cli/policy_flags.h"
#include "experiments/cli/simulation.h"
#include "experiments/cli/verb_list.h"
#include "experiments/cli/words.h"

namespace mk::cli {
namespace {

struct Options {
  GraphFlags graph{};
  PolicyFlags policy{};
  bool blocking_fifo = false;
  std::string machine = "h100-sxm";
  std::uint32_t queue_capacity = 0;
  std::uint32_t event_queue_capacity = 0;
  std::optional<Flag> queue_flag{};
  std::optional<Flag> event_queue_flag{};
};

QueueCapacities capacities_of(const Options& options, const Machine& machine) {
  const auto items = [](const Number& number) {
    return static_cast<std::uint32_t>(std::min(number.value, 4e9));
  };
  QueueCapacities capacities{items(machine.protocol.queue_capacity),
                             items(machine.protocol.event_queue_capacity)};
  if (options.queue_flag->is_given()) capacities.tasks = options.queue_capacity;
  if (options.event_queue_flag->is_given()) capacities.events = options.event_queue_capacity;
  return capacities;
}

std::string_view words_of(WaitReason reason) {
  constexpr std::string_view kWords[] = {"waits for", "stands in its worker's list behind",
                                         "may be dealt to a worker that is blocked on"};
  return kWords[static_cast<std::size_t>(reason)];
}

struct Finding {
  std::string fault{};
  std::string message{};
  std::vector<std::string> cycle{};  // one line a step
};

Finding describe(const TaskGraph& graph, const LaunchProblem& problem) {
  Finding finding{std::string(name_of(problem.fault)), problem.message, {}};
  if (problem.cycle.empty()) return finding;
  finding.message = fmt::format("{} tasks wait for each other", problem.cycle.size());
  for (std::size_t i = 0; i < problem.cycle.size(); ++i) {
    const CycleStep& next = problem.cycle[(i + 1) % problem.cycle.size()];
    finding.cycle.push_back(fmt::format("{} {} {}", graph.task_name(TaskId(problem.cycle[i].task)),
                                        words_of(problem.cycle[i].reason),
                                        graph.task_name(TaskId(next.task))));
  }
  return finding;
}

// Whether all blocks of the launch fit the machine at once: one that waits for an SM never starts.
std::optional<Finding> check_residency(const Machine& machine, const Roles& roles) {
  const Result<Split> split = check_split(machine, roles.workers, roles.schedulers);
  if (split) return std::nullopt;
  return Finding{"residency", split.error().message, {}};
}

Answer answer_of(const LaunchPlan& plan, const std::vector<Finding>& findings) {
  const QueueCapacities needed = needed_capacities(plan);
  Answer answer{.json = {{"safe", findings.empty()},
                         {"policy", std::string(facts(plan.policy.kind).name)},
                         {"placement", std::string(name_of(plan.policy.placement))},
                         {"workers", plan.roles.workers},
                         {"schedulers", plan.roles.schedulers},
                         {"devices", plan.devices},
                         {"tasks", plan.tasks()},
                         {"events", plan.events()},
                         {"queue_capacity", plan.capacities.tasks},
                         {"queue_needed", needed.tasks},
                         {"event_queue_capacity", plan.capacities.events},
                         {"event_queue_needed", needed.events},
                         {"problems", Json::array()}}};
  for (const Finding& f : findings)
    answer.json["problems"].push_back(
        {{"fault", f.fault}, {"message", f.message}, {"cycle", f.cycle}});
  answer.exit_status = findings.empty() ? kDone : kRefused;
  answer.text = fmt::format(
      "{}: {} tasks, {} events under {} ({}), {} workers and {} schedulers a device\n"
      "queues: a worker's gets at most {} tasks (holds {}), a scheduler's {} events (holds {})\n",
      findings.empty() ? "safe" : "NOT SAFE", plan.tasks(), plan.events(),
      facts(plan.policy.kind).name, name_of(plan.policy.placement), plan.roles.workers,
      plan.roles.schedulers, needed.tasks, plan.capacities.tasks, needed.events,
      plan.capacities.events);
  for (const Finding& f : findings) {
    answer.text += fmt::format("{}: {}\n", f.fault, f.message);
    for (const std::string& step : f.cycle) answer.text += fmt::format("  {}\n", step);
  }
  return answer;
}

Result<Answer> check_it(const Options& options) {
  const Result<GraphOrModel> source = open_graph_or_model(options.graph);
  if (!source) return tl::unexpected(source.error());
  const Result<Machine> machine = load_machine(options.machine);
  if (!machine) return tl::unexpected(machine.error());
  const Split split = split_of(options.policy, default_split(*machine));
  const Roles roles{split.workers, split.schedulers};
  if (roles.workers == 0)
    return fail(ErrorCode::kInvalidInput, "--workers: 0 workers, at least 1 is needed");
  const auto graph = graph_for(*source, options.graph, roles.workers);
  if (!graph) return tl::unexpected(graph.error());
  Policy policy = policy_of(options.policy);
  policy.blocking_fifo = options.blocking_fifo;
  if (facts(policy.kind).family != PolicyFamily::kMegakernel)
    return fail(ErrorCode::kUsage,
                fmt::format("--policy: {} has no queues; there are {}", options.policy.policy,
                            join(megakernel_policy_names())));
  if (policy.blocking_fifo && policy.kind != PolicyKind::kHybrid)
    return fail(ErrorCode::kUsage, "--blocking-fifo is a way to run hybrid");
  const LaunchPlan plan =
      make_launch_plan(**graph, policy, roles, capacities_of(options, *machine));
  std::vector<Finding> findings;
  if (auto found = check_residency(*machine, roles)) findings.push_back(std::move(*found));
  for (const LaunchProblem& problem : check_launch(plan))
    findings.push_back(describe(**graph, problem));
  return answer_of(plan, findings);
}

Action declare(Flags& flags) {
  const auto options = std::make_shared<Options>();
  declare_graph_argument(flags, options->graph);
  declare_policy_flags(flags, options->policy, "the machine's");
  flags.toggle("--blocking-fifo", options->blocking_fifo,
               "hybrid's workers block on the head of their AOT queue");
  flags.value("--machine", options->machine, "MACHINE", "whose SMs and queues are to suffice");
  options->queue_flag = flags.value("--queue-capacity", options->queue_capacity, "N",
                                    "tasks that a worker's queue holds");
  options->queue_flag->default_text("the machine's");
  options->event_queue_flag = flags.value("--event-queue-capacity", options->event_queue_capacity,
                                          "N", "events that a scheduler's queue holds");
  options->event_queue_flag->default_text("the machine's");
  return [options](Console&) { return check_it(*options); };
}

}  // namespace

constinit const Verb check_verb = {
    .name = "check",
    .summary = "proves that a launch cannot deadlock, or says why it may",
    .arguments = "GRAPH|MODEL [options]",
    .description =
        "Proves, for every order in which workers and schedulers may act, that each task runs "
        "once\n"
        "and each iteration ends: every wait is satisfiable, the order of each worker's queue "
        "agrees\n"
        "with the order of the tasks, queues hold what an iteration brings, all blocks fit the\n"
        "machine. Otherwise names the tasks that wait for each other or the queue, and exits with "
        "1.",
    .examples =
        "megascope check qwen3-8b --policy static --placement earliest-finish --workers 128",
    .declare = declare,
};

}  // namespace mk::cli
