#include "experiments/reproduce/gpu_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "experiments/reproduce/embedded_recipes.h"

namespace mk {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kDateLength = 10;

// The numbers of an array; empty iff it is none, or holds something else.
std::vector<double> numbers_of(const Json& json, const char* key) {
  std::vector<double> numbers;
  if (!json.contains(key) || !json[key].is_array()) return numbers;
  for (const Json& value : json[key]) {
    if (!value.is_number()) return {};
    numbers.push_back(value.get<double>());
  }
  return numbers;
}

std::string name_of(const Json& json) {
  if (json.contains("name") && json["name"].is_string()) return json["name"].get<std::string>();
  for (const char* key : {"model", "how"}) {
    if (!json.contains(key) || !json[key].is_string()) return "";
  }
  if (!json.contains("batch") || !json["batch"].is_number_unsigned()) return "";
  return fmt::format("torch/{}-batch{}-{}", json["model"].get<std::string>(),
                     json["batch"].get<unsigned>(), json["how"].get<std::string>());
}

// Of launches: the mean of the two middle ones, the smallest, the largest.
bool read_times(const Json& json, GpuRun& run) {
  std::vector<double> us = numbers_of(json, "us");
  if (!us.empty()) {
    std::sort(us.begin(), us.end());
    run.median_us = (us[(us.size() - 1) / 2] + us[us.size() / 2]) / 2;
    run.low_us = us.front();
    run.high_us = us.back();
    return run.low_us > 0;
  }
  const std::vector<double> quartiles = numbers_of(json, "quartiles_us");
  if (quartiles.size() != 2 || !json.contains("median_us") || !json["median_us"].is_number())
    return false;
  run.median_us = json["median_us"].get<double>();
  run.low_us = quartiles[0];
  run.high_us = quartiles[1];
  return run.low_us > 0;
}

const GpuRun* find(const std::vector<GpuRun>& runs, const std::string& name) {
  const auto found =
      std::find_if(runs.rbegin(), runs.rend(), [&](const GpuRun& run) { return run.name == name; });
  return found == runs.rend() ? nullptr : &*found;
}

}  // namespace

Result<std::vector<GpuRun>> read_gpu_runs(std::string_view text, std::string_view file) {
  std::vector<GpuRun> runs;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.empty()) continue;
    const Json json = Json::parse(line, nullptr, false);
    GpuRun run{.date = std::string(file.substr(0, kDateLength))};
    const bool is_object = json.is_object();
    if (is_object) run.name = name_of(json);
    if (is_object && json.contains("device") && json["device"].is_string())
      run.device = json["device"].get<std::string>();
    if (run.name.empty() || run.device.empty() || !read_times(json, run))
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{}:{}: no run with name, device and times", file, number));
    runs.push_back(std::move(run));
  }
  return runs;
}

const std::vector<GpuRun>& builtin_gpu_runs() {
  static const std::vector<GpuRun> runs = [] {
    std::vector<GpuRun> all;
    for (const EmbeddedFile& file : embedded_gpu_runs()) {
      const auto some = read_gpu_runs(file.text, file.name);
      MK_CHECK(some.has_value(), "the program's own results are sound");
      all.insert(all.end(), some->begin(), some->end());
    }
    return all;
  }();
  return runs;
}

Result<GpuFigure> figure_of(const std::vector<GpuRun>& runs,
                            const std::vector<std::string>& names) {
  const GpuRun* found[2] = {};
  for (std::size_t i = 0; i < names.size(); ++i) {
    found[i] = find(runs, names[i]);
    if (found[i] == nullptr)
      return fail(ErrorCode::kNotFound, fmt::format("no GPU run is called '{}'", names[i]));
  }
  const GpuRun& first = *found[0];
  const std::string where = fmt::format("{}, {}", first.device, first.date);
  if (names.size() == 1)
    return GpuFigure{first.median_us / 1000, first.low_us / 1000, first.high_us / 1000, where};
  const GpuRun& second = *found[1];
  return GpuFigure{first.median_us / second.median_us, first.low_us / second.high_us,
                   first.high_us / second.low_us, where};
}

}  // namespace mk
