#include "gpu_backend/cuda/check/speed.h"

#include <algorithm>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "gpu_backend/cuda/check/cublas_linears.h"
#include "gpu_backend/cuda/check/subject.h"

namespace mk::cuda::check {
namespace {

constexpr double kLimitSeconds = 20;
constexpr std::uint32_t kPrompt = 8;
constexpr std::uint32_t kGenerate = 40;
constexpr std::uint32_t kWarmUp = 12;  // iterations left out
constexpr int kRounds = 3;
constexpr std::uint32_t kLinearIterations = 30;
constexpr std::uint32_t kMaxContext = 1024;

// A way to run the model.
struct Way {
  PolicyKind kind = PolicyKind::kStatic;
  Roles roles{};
  OperatorFusion fusion = OperatorFusion::kNormLinear;
  bool records = false;

  bool is_megakernel() const { return facts(kind).family == PolicyFamily::kMegakernel; }
  std::string name() const {
    const char* const fused = fusion == OperatorFusion::kNone   ? ", unfused"
                              : fusion == OperatorFusion::kNorm ? ", norms fused"
                                                                : "";
    if (!is_megakernel()) return fmt::format("{}{}", facts(kind).name, fused);
    return fmt::format("{}, {} + {}{}{}", facts(kind).name, roles.workers, roles.schedulers, fused,
                       records ? ", recorded" : "");
  }
};

DecodeOptions decode_options() {
  DecodeOptions options;
  for (std::uint32_t i = 0; i < kPrompt; ++i) options.prompt.push_back(i * 37 + 11);
  options.generate = kGenerate;
  return options;
}

class SpeedComparison {
 public:
  SpeedComparison(const Device& device, const std::string& model, double bandwidth, Report& report)
      : device_(device), model_(model), bandwidth_(bandwidth), report_(report) {}

  void run(const std::vector<std::uint32_t>& batches) {
    if (!load()) return;
    for (const std::uint32_t batch : batches) {
      batch_ = batch;
      cuts_.clear();
      time_ways(best_ways());
      time_linears();
    }
  }

 private:
  static CompileOptions compile_for(std::uint32_t workers, OperatorFusion fusion) {
    return {.partition = Partition::kBalanced,
            .events = EventGranularity::kOperator,
            .fusion = fusion,
            .workers = workers};
  }

  bool load() {
    const std::uint32_t cores = std::max(1U, std::thread::hardware_concurrency());
    Result<Subject> subject =
        Subject::make(device_, {.model = model_,
                                .shape = {1, 1, kMaxContext},
                                .compile = compile_for(device_.sms, OperatorFusion::kNormLinear),
                                .threads = cores});
    if (!subject) {
      report_.verdict(false, fmt::format("{}: {}", model_, subject.error().message));
      return false;
    }
    subject_ = std::move(*subject);
    return true;
  }

  double floor_us() const {
    return static_cast<double>(subject_.streamed_bytes) / bandwidth_ * 1e6;
  }

  // The model cut for so many workers; null: it could not be.
  DeviceModel* cut_for(std::uint32_t workers, OperatorFusion fusion) {
    const std::pair key(workers, fusion);
    if (const auto found = cuts_.find(key); found != cuts_.end()) return found->second.get();
    Result<ModelConfig> config = load_model(model_);
    if (!config) return refuse("model", config.error());
    CompileOptions compile = compile_for(workers, fusion);
    compile.context = std::min(compile.context, kMaxContext);
    Result<Compiled> compiled = compile_model(*config, {batch_, batch_, kMaxContext}, compile);
    if (!compiled) return refuse("compile", compiled.error());
    Result<DeviceModel> model = DeviceModel::recut(
        *subject_.device, std::make_shared<const TaskGraph>(std::move(compiled->graph)));
    if (!model) return refuse("cut", model.error());
    auto& cut = cuts_[key];
    cut = std::make_unique<DeviceModel>(std::move(*model));
    return cut.get();
  }

  std::nullptr_t refuse(const std::string& what, const Error& error) {
    report_.verdict(false,
                    fmt::format("{}, batch {}: {}: {}", model_, batch_, what, error.message));
    if (error.message.starts_with(kDeviceLost)) std::_Exit(3);
    return nullptr;
  }

  DeviceRunOptions options_for(const Way& way) const {
    DeviceRunOptions options;
    options.run.policy.kind = way.kind;
    options.run.roles = way.roles;
    options.run.deadline_seconds = 3;
    options.run.record = way.records;
    options.limit_seconds = kLimitSeconds;
    return options;
  }

  // The median iteration, us; none: it failed, and the report says so.
  std::optional<double> time(const Way& way) {
    DeviceModel* const model = cut_for(way.roles.workers, way.fusion);
    if (model == nullptr) return std::nullopt;
    Result<DeviceRun> run = run_on_device(*model, options_for(way), decode_options());
    if (!run) {
      refuse(way.name(), run.error());
      return std::nullopt;
    }
    if (!way.is_megakernel()) return run->kernel_ms * 1e3 / (kPrompt + kGenerate - 1);
    std::vector<double>& times = run->iteration_us;
    times.erase(times.begin(),
                times.begin() +
                    std::min<std::ptrdiff_t>(kWarmUp, static_cast<std::ptrdiff_t>(times.size())));
    return median(std::move(times));
  }

  std::vector<Roles> splits(PolicyKind kind) const {
    const std::uint32_t sms = device_.sms;
    if (kind == PolicyKind::kStatic) return {{sms, 0}, {sms - 4, 0}};
    return {{sms - 4, 16}, {sms - 2, 8}, {sms - 1, 4}, {sms - 8, 32}};
  }

  // Each SM reads the inputs of several tokens: before the gating they are twice as long, and
  // gating takes more than the products.
  std::vector<OperatorFusion> fusions() const {
    if (batch_ == 1) return {OperatorFusion::kNormLinear};
    return {OperatorFusion::kNorm, OperatorFusion::kNone};
  }
  std::vector<Way> ways_of(PolicyKind kind) const {
    std::vector<Way> ways;
    for (const OperatorFusion fusion : fusions()) {
      for (const Roles& roles : splits(kind)) ways.push_back({kind, roles, fusion});
    }
    return ways;
  }

  // Each policy with the split and fusion that were fastest in one run, and the baselines.
  std::vector<Way> best_ways() {
    std::vector<Way> best;
    for (const PolicyKind kind :
         {PolicyKind::kStatic, PolicyKind::kAot, PolicyKind::kHybrid, PolicyKind::kJit}) {
      std::optional<double> least;
      Way fastest;
      for (const Way& way : ways_of(kind)) {
        const std::optional<double> us = time(way);
        if (!us) continue;
        report_.add(
            "splits",
            {{"model", model_}, {"batch", batch_}, {"how", way.name()}, {"iteration_us", *us}});
        if (least && *us >= *least) continue;
        least = us;
        fastest = way;
      }
      if (least) best.push_back(fastest);
    }
    if (!best.empty()) {
      best.push_back(best.front());
      best.back().records = true;
    }
    for (const PolicyKind kind : {PolicyKind::kStream, PolicyKind::kGraph, PolicyKind::kPdl}) {
      for (const OperatorFusion fusion : fusions()) {
        best.push_back({kind, {device_.sms, 0}, fusion});
      }
    }
    return best;
  }

  void time_ways(const std::vector<Way>& ways) {
    std::vector<std::vector<double>> times(ways.size());
    for (int round = 0; round < kRounds; ++round) {
      for (std::size_t w = 0; w < ways.size(); ++w) {
        if (const std::optional<double> us = time(ways[w])) times[w].push_back(*us);
      }
    }
    for (std::size_t w = 0; w < ways.size(); ++w) {
      if (times[w].empty()) continue;
      const auto [least, most] = std::ranges::minmax(times[w]);
      row("speed", ways[w].name(), median(times[w]), most - least);
    }
  }

  void row(const char* table, const std::string& how, double us, double spread) {
    report_.line("{:<14} batch {} {:<28} {:>9.1f} us +- {:>6.1f} {:>5.1f} % of streaming", model_,
                 batch_, how, us, spread / 2, 100 * floor_us() / us);
    report_.add(table, {{"model", model_},
                        {"batch", batch_},
                        {"how", how},
                        {"iteration_us", us},
                        {"spread_us", spread},
                        {"floor_us", floor_us()}});
  }

  // Products alone: ours do the norm, the gating and the residual too.
  void time_linears() {
    DeviceModel* const model = cut_for(device_.sms, fusions().back());
    if (model == nullptr) return;
    for (const PolicyKind kind : {PolicyKind::kStream, PolicyKind::kGraph, PolicyKind::kPdl}) {
      DeviceRunOptions options = options_for({kind, {device_.sms, 0}});
      options.only_linears = true;
      Result<DeviceRun> run = run_operators(*model, options, decode_options());
      if (!run) {
        refuse("linears", run.error());
        return;
      }
      row("linears", fmt::format("our linears, {}", facts(kind).name),
          run->kernel_ms * 1e3 / (kPrompt + kGenerate - 1), 0);
    }
    const Result<CublasTimes> cublas = time_cublas_linears(*model, batch_, kLinearIterations);
    if (!cublas) {
      report_.line("cuBLAS: skipped, {}", cublas.error().message);
      return;
    }
    row("linears", fmt::format("cuBLAS {}, stream", cublas->version), cublas->stream_us, 0);
    row("linears", fmt::format("cuBLAS {}, graph", cublas->version), cublas->graph_us, 0);
  }

  const Device& device_;
  const std::string& model_;
  double bandwidth_;
  Report& report_;
  Subject subject_{};
  std::uint32_t batch_ = 1;
  // By workers, of this batch.
  std::map<std::pair<std::uint32_t, OperatorFusion>, std::unique_ptr<DeviceModel>> cuts_{};
};

}  // namespace

void compare_speed(const Device& device, const std::string& model,
                   const std::vector<std::uint32_t>& batches, double bandwidth, Report& report) {
  SpeedComparison(device, model, bandwidth, report).run(batches);
}

}  // namespace mk::cuda::check
