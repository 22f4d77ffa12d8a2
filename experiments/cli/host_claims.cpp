#include "experiments/cli/host_claims.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <ostream>
#include <utility>
#include <vector>

#include "experiments/cli/text_file.h"
#include "experiments/cli/version.h"
#include "experiments/sweep/point_runner.h"
#include "gpu_backend/host/decoder.h"
#include "gpu_backend/host/model_memory.h"
#include "gpu_backend/host/run_on_threads.h"
#include "gpu_backend/weights/weight_source.h"
#include "simulator/point.h"

namespace mk::cli {
namespace {

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  constexpr std::string_view kKey = "model name";
  for (std::string line; std::getline(info, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with(kKey) && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "an unnamed processor";
}

std::string today() {
  return fmt::format(
      "{:%Y-%m-%d %H:%M}",
      fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
}

// A point, ready to be launched again and again.
class Side {
 public:
  static Result<Side> make(const SweepPoint& point, const Catalogue& catalogue) {
    const SimulationOptions options = simulation_options_of(point);
    Side side;
    side.options_ = {.policy = options.policy,
                     .roles = options.roles,
                     .record = false,
                     .injections = options.injections};
    const std::uint32_t threads = options.roles.workers + options.roles.schedulers;
    if (threads > usable_cores())
      return fail(ErrorCode::kUnsupported,
                  fmt::format("needs {} cores, this machine has {}", threads, usable_cores()));
    Result<std::shared_ptr<const TaskGraph>> graph = graph_of(point, catalogue);
    if (!graph) return tl::unexpected(graph.error());
    side.graph_ = std::move(*graph);
    if (const Status fine = check_options(*side.graph_, side.options_); !fine)
      return tl::unexpected(fine.error());
    Result<ModelMemory> memory = ModelMemory::allocate(side.graph_, {.dtype = DType::kBf16});
    if (!memory) return tl::unexpected(memory.error());
    side.memory_ = std::make_unique<ModelMemory>(std::move(*memory));
    const WeightProvider weights = WeightProvider::synthetic(1);
    if (const Status filled = side.memory_->fill_weights(weights, usable_cores()); !filled)
      return tl::unexpected(filled.error());
    return side;
  }

  // The median of a launch's steady iterations.
  Result<double> launch() {
    Result<Decoder> decoder =
        Decoder::make(*memory_, {.prompt = {1, 2, 3}, .generate = HostClaims::kTokens});
    if (!decoder) return tl::unexpected(decoder.error());
    const Result<RunRecord> record = run_on_threads(graph_, *decoder, options_);
    if (!record) return tl::unexpected(record.error());
    std::vector<double> us;
    for (std::size_t i = HostClaims::kWarmUp; i < record->iterations.size(); ++i) {
      const IterationRecord& iteration = record->iterations[i];
      us.push_back(static_cast<double>(iteration.end - iteration.start) * 1e-3);
    }
    if (us.empty()) return fail(ErrorCode::kInvalidInput, "the run has no steady iteration");
    return median_of(std::move(us));
  }

 private:
  std::shared_ptr<const TaskGraph> graph_{};
  std::unique_ptr<ModelMemory> memory_{};
  HostRunOptions options_{};
};

// What a figure was run with: everything but the machine that the points name.
std::string key_of(const Claim& claim) {
  std::string key = version();
  for (const auto& side : claim.sides) {
    for (const SweepAxis& axis : kSweepAxes) {
      if (axis.name == "machine") continue;
      const SweepPoint& point = side.front();
      key += axis.text != nullptr ? " " + point.*axis.text : fmt::format(" {}", point.*axis.number);
    }
  }
  return key;
}

Json read_known(const std::string& file) {
  const Result<std::string> text = read_text(file);
  if (!text) return Json::object();
  Json known = Json::parse(*text, nullptr, false);
  return known.is_object() ? known : Json::object();
}

Json to_json(const HostFigure& figure) {
  return {{"value", figure.value},
          {"low", figure.launches.low},
          {"high", figure.launches.high},
          {"where", figure.where}};
}

// None iff this is not what to_json() wrote.
std::optional<HostFigure> from_json(const Json& json) {
  for (const char* key : {"value", "low", "high"}) {
    if (!json.contains(key) || !json[key].is_number()) return std::nullopt;
  }
  if (!json.contains("where") || !json["where"].is_string()) return std::nullopt;
  return HostFigure{json["value"].get<double>(),
                    {json["low"].get<double>(), json["high"].get<double>()},
                    json["where"].get<std::string>()};
}

}  // namespace

HostClaims::HostClaims(std::string file, const Catalogue& catalogue, Console& console)
    : file_(std::move(file)), catalogue_(catalogue), console_(console), known_(read_known(file_)) {}

Result<HostFigure> HostClaims::operator()(const Claim& claim) {
  const std::string key = key_of(claim);
  if (known_.contains(key)) {
    if (const auto figure = from_json(known_[key])) return *figure;
  }
  console_.err << fmt::format("on host threads: {}\n", claim.what) << std::flush;
  Result<HostFigure> figure = run(claim);
  if (!figure) return figure;
  known_[key] = to_json(*figure);
  if (const Status kept = write_text(known_.dump(1) + "\n", file_); !kept)
    return tl::unexpected(kept.error());
  return figure;
}

Result<HostFigure> HostClaims::run(const Claim& claim) {
  std::vector<Side> sides;
  for (const auto& points : claim.sides) {
    Result<Side> side = Side::make(points.front(), catalogue_);
    if (!side) return tl::unexpected(side.error());
    sides.push_back(std::move(*side));
  }
  std::vector<double> ratios;
  for (std::size_t n = 0; n < kLaunches; ++n) {
    const Result<double> first = sides[0].launch();
    if (!first) return tl::unexpected(first.error());
    const Result<double> second = sides[1].launch();
    if (!second) return tl::unexpected(second.error());
    ratios.push_back(*first / *second);
  }
  const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
  const ValueRange launches{*least, *most};
  return HostFigure{median_of(ratios), launches,
                    fmt::format("{} cores of {}, {} UTC, {} launches of each side in turns",
                                usable_cores(), processor(), today(), kLaunches)};
}

}  // namespace mk::cli
