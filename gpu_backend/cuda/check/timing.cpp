#include "gpu_backend/cuda/check/timing.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <thread>

#include "gpu_backend/cuda/check/subject.h"

namespace mk::cuda::check {
namespace {

constexpr double kLimitSeconds = 20;
constexpr std::uint32_t kGenerate = 96;
constexpr std::uint32_t kWarmUp = 16;  // iterations left out

DecodeOptions decode_options(std::uint32_t generate) {
  DecodeOptions options;
  for (std::uint32_t i = 0; i < 8; ++i) options.prompt.push_back(i * 37 + 11);
  options.generate = generate;
  return options;
}

// Differences of the recorded instants of one kind of task, us.
struct KindTimes {
  std::vector<double> body{};
  std::vector<double> start_after_ready{};
  std::vector<double> notify{};
};

class ModelTiming {
 public:
  ModelTiming(const Device& device, const std::string& model, double bandwidth,
              const std::string& folder, Report& report)
      : device_(device), model_(model), bandwidth_(bandwidth), folder_(folder), report_(report) {}

  void run() {
    for (const OperatorFusion fusion : {OperatorFusion::kNormLinear, OperatorFusion::kNone}) {
      for (const Partition partition : {Partition::kBalanced, Partition::kMpk}) {
        time_graph(partition, fusion);
      }
    }
  }

 private:
  bool load(const std::string& partition, const CompileOptions& compile) {
    partition_ = partition;
    subject_ = {};  // frees the memory first
    const std::uint32_t cores = std::max(1U, std::thread::hardware_concurrency());
    Result<Subject> subject = Subject::make(
        device_, {.model = model_, .shape = {1, 1, 1024}, .compile = compile, .threads = cores});
    if (!subject) {
      report_.verdict(false, fmt::format("{}: {}", model_, subject.error().message));
      return false;
    }
    subject_ = std::move(*subject);
    return true;
  }

  void time_graph(Partition partition, OperatorFusion fusion) {
    const bool is_fused = fusion == OperatorFusion::kNormLinear;
    const bool is_balanced = partition == Partition::kBalanced;
    const std::string name =
        fmt::format("{}{}", is_balanced ? "balanced" : "mpk", is_fused ? ", fused" : "");
    if (!load(name, {.partition = partition,
                     .events = is_balanced ? EventGranularity::kOperator : EventGranularity::kGcd,
                     .fusion = fusion,
                     .workers = device_.sms})) {
      return;
    }
    report_.line("{} {}: {:.3f} GB of weights an iteration, {:.0f} us at {:.0f} GB/s", model_, name,
                 static_cast<double>(subject_.streamed_bytes) * 1e-9, floor_us(),
                 bandwidth_ * 1e-9);
    time_run({PolicyKind::kStatic}, {device_.sms, 0}, true);
    time_run({PolicyKind::kStatic}, {device_.sms, 0}, false);
    for (const PolicyKind kind : {PolicyKind::kAot, PolicyKind::kHybrid, PolicyKind::kJit}) {
      time_run({kind}, {device_.sms - 4, 16}, true);
    }
    for (const PolicyKind kind : {PolicyKind::kStream, PolicyKind::kGraph, PolicyKind::kPdl}) {
      time_baseline(kind);
    }
    if (is_fused) record(PolicyKind::kStatic, {device_.sms, 0});
  }

  double floor_us() const {
    return static_cast<double>(subject_.streamed_bytes) / bandwidth_ * 1e6;
  }

  DeviceRunOptions options_for(const Policy& policy, const Roles& roles) const {
    DeviceRunOptions options;
    options.run.policy = policy;
    options.run.roles = roles;
    options.run.deadline_seconds = 3;
    options.run.record = false;
    options.limit_seconds = kLimitSeconds;
    return options;
  }

  void refuse(const std::string& what, const Error& error) {
    report_.verdict(false, fmt::format("{}: {}: {}", model_, what, error.message));
    if (error.message.starts_with(kDeviceLost)) std::_Exit(3);
  }

  void row(const std::string& what, double us) {
    report_.line("{:<14} {:<16} {:<34} {:>9.1f} us {:>8.0f} tokens/s {:>5.1f} % of streaming",
                 model_, partition_, what, us, 1e6 / us, 100 * floor_us() / us);
    report_.add("timing", {{"model", model_},
                           {"partition", partition_},
                           {"how", what},
                           {"iteration_us", us},
                           {"share_of_streaming", floor_us() / us}});
  }

  void time_run(const Policy& policy, const Roles& roles, bool preloads) {
    const std::string what = fmt::format("{}, {} + {}{}", facts(policy.kind).name, roles.workers,
                                         roles.schedulers, preloads ? "" : ", no preloads");
    DeviceRunOptions options = options_for(policy, roles);
    options.preloads = preloads;
    Result<DeviceRun> run = run_megakernel(*subject_.device, options, decode_options(kGenerate));
    if (!run) return refuse(what, run.error());
    std::vector<double> times = run->iteration_us;
    times.erase(times.begin(),
                times.begin() +
                    std::min<std::ptrdiff_t>(kWarmUp, static_cast<std::ptrdiff_t>(times.size())));
    row(what, median(std::move(times)));
  }

  void time_baseline(PolicyKind kind) {
    const std::string what(facts(kind).name);
    const DecodeOptions decode = decode_options(kGenerate);
    const DeviceRunOptions options = options_for({kind}, {device_.sms, 0});
    Result<DeviceRun> first = run_operators(*subject_.device, options, decode);
    if (!first) return refuse(what, first.error());
    Result<DeviceRun> run = run_operators(*subject_.device, options, decode);
    if (!run) return refuse(what, run.error());
    const double iterations = static_cast<double>(decode.prompt.size() + kGenerate - 1);
    row(what, run->kernel_ms * 1e3 / iterations);
  }

  // A few recorded iterations.
  void record(PolicyKind kind, const Roles& roles) {
    DeviceRunOptions options = options_for({kind}, roles);
    options.run.record = true;
    Result<DeviceRun> run = run_megakernel(*subject_.device, options, decode_options(4));
    const std::string what = fmt::format("{} recorded", facts(kind).name);
    if (!run) return refuse(what, run.error());
    row(what, median(run->iteration_us));
    write_records(kind, run->record);
    summarise(kind, run->record);
  }

  void write_records(PolicyKind kind, const RunRecord& record) {
    std::ofstream file(
        fmt::format("{}/{}_{}_{}.csv", folder_, model_, partition_.substr(0, 3), facts(kind).name));
    file
        << "task,iteration,worker,sm,enqueued_ns,fetched_ns,ready_ns,start_ns,end_ns,notified_ns\n";
    const auto last = static_cast<std::uint32_t>(record.iterations.size() - 2);
    for (const TaskRecord& t : record.tasks) {
      if (t.iteration < last) continue;
      const auto instant = [](Nanoseconds ns) {
        return ns == kNotTaken ? std::string() : std::to_string(ns);
      };
      const Lane& lane = record.lanes[t.lane];
      file << subject_.graph().task_name(TaskId(t.task)) << ',' << t.iteration << ',' << lane.number
           << ',' << lane.sm.value_or(0) << ',' << instant(t.enqueued) << ',' << instant(t.fetched)
           << ',' << instant(t.ready) << ',' << t.start << ',' << t.end << ',' << t.notified
           << '\n';
    }
  }

  void summarise(PolicyKind kind, const RunRecord& record) {
    std::map<std::string, KindTimes> by_operator;
    const std::uint32_t warm = record.iterations.size() > 4 ? 4 : 0;
    for (const TaskRecord& t : record.tasks) {
      if (t.iteration < warm) continue;
      KindTimes& times = by_operator[subject_.graph().op_of(TaskId(t.task)).name];
      times.body.push_back(static_cast<double>(t.end - t.start) * 1e-3);
      times.notify.push_back(static_cast<double>(t.notified - t.end) * 1e-3);
      if (t.ready != kNotTaken) {
        const Nanoseconds from = std::max(t.ready, t.fetched);
        times.start_after_ready.push_back(static_cast<double>(t.start - from) * 1e-3);
      }
    }
    report_.line("{}, {}, {}: medians in us", model_, partition_, facts(kind).name);
    for (auto& [name, times] : by_operator) {
      report_.line(
          "  {:<16} {:>7} tasks  body {:>7.2f}  start after ready {:>7.2f}  notify {:>6.2f}", name,
          times.body.size(), median(times.body), median(times.start_after_ready),
          median(times.notify));
      report_.add("operators", {{"model", model_},
                                {"policy", facts(kind).name},
                                {"operator", name},
                                {"tasks", times.body.size()},
                                {"body_us", median(times.body)},
                                {"start_after_ready_us", median(times.start_after_ready)},
                                {"notify_us", median(times.notify)}});
    }
    for (const HealthRecord& h : record.health) report_.line("  {}", h.message);
  }

  const Device& device_;
  const std::string& model_;
  double bandwidth_;
  const std::string& folder_;
  Report& report_;
  Subject subject_{};
  std::string partition_{};
};

}  // namespace

void time_model(const Device& device, const std::string& model, double bandwidth,
                const std::string& folder, Report& report) {
  ModelTiming(device, model, bandwidth, folder, report).run();
}

}  // namespace mk::cuda::check
