#include "gpu_backend/cuda/check/cells.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <thread>
#include <vector>

#include "core/injection.h"
#include "gpu_backend/cuda/check/subject.h"
#include "gpu_backend/host/microbench_parts.h"

namespace mk::cuda::check {
namespace {

using Json = nlohmann::json;

constexpr double kLimitSeconds = 20;
constexpr std::uint32_t kMaxContext = 1024;
constexpr std::uint32_t kGenerate = 24;

struct Cell {
  std::string name{};
  std::string model{};
  StepShape shape{1, 1, kMaxContext};
  CompileOptions compile{};
  DeviceRunOptions run{};
};

// As blind.py's PROMPT.
DecodeOptions decode_options() {
  DecodeOptions options;
  options.prompt = {11, 48, 85, 122};
  options.generate = kGenerate;
  return options;
}

template <typename Value>
bool named(const std::string& text, Value& value, std::initializer_list<Value> values) {
  const auto found =
      std::find_if(values.begin(), values.end(), [&](Value v) { return name_of(v) == text; });
  if (found != values.end()) value = *found;
  return found != values.end();
}

// False iff the flag or its value is not known.
bool apply(const std::string& flag, const std::string& value, Cell& cell) {
  const auto number = static_cast<std::uint32_t>(std::strtoul(value.c_str(), nullptr, 10));
  HostRunOptions& run = cell.run.run;
  if (flag == "--policy") {
    const std::optional<PolicyKind> kind = policy_from_name(value);
    if (!kind) return false;
    run.policy.kind = *kind;
    if (*kind == PolicyKind::kStatic) run.roles.schedulers = 0;
    return true;
  }
  if (flag == "--workers") {
    run.roles.workers = cell.compile.workers = number;
  } else if (flag == "--schedulers") {
    run.roles.schedulers = number;
  } else if (flag == "--batch-tokens") {
    cell.shape.batch_tokens = number;
  } else if (flag == "--requests") {
    cell.shape.requests = number;
  } else if (flag == "--inject") {
    return add_injection(run.injections, value).has_value();
  } else if (flag == "--partition") {
    return named(value, cell.compile.partition, {Partition::kMpk, Partition::kBalanced});
  } else if (flag == "--fuse") {
    const std::optional<OperatorFusion> fusion = fusion_from_name(value);
    if (fusion) cell.compile.fusion = *fusion;
    return fusion.has_value();
  } else if (flag == "--events") {
    return named(value, cell.compile.events,
                 {EventGranularity::kGcd, EventGranularity::kExact, EventGranularity::kOperator});
  } else {
    return false;
  }
  return true;
}

Result<Cell> cell_of(const Json& json) {
  Cell cell{.name = json.at("name"), .model = json.at("model")};
  cell.run.preloads = json.value("preload", "off") == "on";
  cell.run.limit_seconds = kLimitSeconds;
  cell.run.run.deadline_seconds = 3;
  cell.run.run.record = false;
  std::istringstream flags(json.at("flags").get<std::string>());
  for (std::string flag, value; flags >> flag >> value;) {
    if (!apply(flag, value, cell)) {
      return fail(ErrorCode::kUsage,
                  fmt::format("cell {}: what is {} {}?", cell.name, flag, value));
    }
  }
  return cell;
}

class CellRun {
 public:
  CellRun(const Device& device, const std::vector<Cell>& cells, const std::string& out,
          Report& report)
      : device_(device), cells_(cells), out_(out), report_(report) {}

  void run() {
    for (const Cell& cell : cells_) measure(cell, 0);
    for (auto cell = cells_.rbegin(); cell != cells_.rend(); ++cell) measure(*cell, 1);
    write();
  }

 private:
  void measure(const Cell& cell, std::size_t round) {
    const Result<double> us = time(cell);
    if (!us && us.error().message.starts_with(kDeviceLost)) {
      report_.line("{}: {}", cell.name, us.error().message);
      write();
      std::_Exit(3);
    }
    rounds_[round][cell.name] = us ? Json(*us) : Json::array({us.error().message});
    report_.line("{} {}", cell.name, rounds_[round][cell.name].dump());
  }

  Result<double> time(const Cell& cell) {
    if (Status ok = load(cell.model); !ok) return tl::unexpected(ok.error());
    Result<ModelConfig> config = load_model(cell.model);
    if (!config) return tl::unexpected(config.error());
    CompileOptions compile = cell.compile;
    compile.context = std::min(compile.context, kMaxContext);
    Result<Compiled> compiled = compile_model(*config, cell.shape, compile);
    if (!compiled) return tl::unexpected(compiled.error());
    const auto graph = std::make_shared<const TaskGraph>(std::move(compiled->graph));
    if (Status ok = check_run(device_, *graph, cell.run.run); !ok) {
      return tl::unexpected(ok.error());
    }
    Result<DeviceModel> model = DeviceModel::recut(*subject_.device, graph);
    if (!model) return tl::unexpected(model.error());
    Result<DeviceRun> run = run_on_device(*model, cell.run, decode_options());
    if (!run) return tl::unexpected(run.error());
    if (run->iteration_us.empty()) return fail(ErrorCode::kDevice, "no iteration was timed");
    return mk::microbench::median(run->iteration_us);
  }

  Status load(const std::string& model) {
    if (model == loaded_) return {};
    write();
    subject_ = {};  // frees the memory first
    loaded_.clear();
    const CompileOptions compile{.partition = Partition::kBalanced,
                                 .events = EventGranularity::kOperator,
                                 .fusion = OperatorFusion::kNormLinear,
                                 .workers = device_.sms};
    const std::uint32_t cores = std::max(1U, std::thread::hardware_concurrency());
    Result<Subject> subject = Subject::make(
        device_,
        {.model = model, .shape = {1, 1, kMaxContext}, .compile = compile, .threads = cores});
    if (!subject) return tl::unexpected(subject.error());
    subject_ = std::move(*subject);
    loaded_ = model;
    return {};
  }

  void write() const { std::ofstream(out_) << Json(rounds_).dump(1) << '\n'; }

  const Device& device_;
  const std::vector<Cell>& cells_;
  const std::string& out_;
  Report& report_;
  Subject subject_{};
  std::string loaded_{};
  std::vector<std::map<std::string, Json>> rounds_{2};
};

Result<std::vector<Cell>> read_cells(const std::string& path) {
  std::ifstream file(path);
  const Json json = Json::parse(file, nullptr, false);
  if (!json.is_array()) {
    return fail(ErrorCode::kInvalidInput, fmt::format("{}: no list of cells", path));
  }
  std::vector<Cell> cells;
  for (const Json& one : json) {
    Result<Cell> cell = cell_of(one);
    if (!cell) return tl::unexpected(cell.error());
    cells.push_back(std::move(*cell));
  }
  return cells;
}

}  // namespace

void measure_cells(const Device& device, const std::string& cells, const std::string& out,
                   Report& report) {
  const Result<std::vector<Cell>> read = read_cells(cells);
  if (!read) return report.verdict(false, read.error().message);
  CellRun(device, *read, out, report).run();
}

}  // namespace mk::cuda::check
