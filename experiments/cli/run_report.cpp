#include "experiments/cli/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "experiments/cli/table.h"
#include "experiments/cli/words.h"

namespace mk::cli {
namespace {

// Where it ran, for a person.
std::string place_of(const RunRecord& record) {
  const auto gpu = record.meta.find("gpu");
  return gpu == record.meta.end() ? "host threads" : gpu->second;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

Json to_json(const HostRun& what, const HostRunResult& result, const Prompt& prompt) {
  const RunRecord& record = result.record;
  const DecodeResult& decoded = result.decoded;
  const std::vector<double>& iterations = result.iteration_us;
  const double makespan = result.makespan_us;
  Json json = {{"backend", record.meta.at("source")},
               {"place", place_of(record)},
               {"model", what.graph->info().model},
               {"policy", std::string(facts(what.run.policy.kind).name)},
               {"placement", std::string(name_of(what.run.policy.placement))},
               {"workers", what.run.roles.workers},
               {"schedulers", what.run.roles.schedulers},
               {"weights", what.weights},
               {"dtype", std::string(name_of(what.dtype))},
               {"prompt_tokens", prompt.tokens.size()},
               {"generated", decoded.generated}};
  json["text"] = prompt.language ? Json(prompt.text_of(decoded.generated)) : Json(nullptr);
  json["ended_by_itself"] = decoded.ended_by_itself;
  json["iterations"] = iterations.size();
  json["iteration_us"] = median(iterations);
  json["makespan_us"] = makespan;
  json["tokens_per_second"] =
      makespan > 0 ? static_cast<double>(decoded.generated.size()) * 1e6 / makespan : 0.0;
  json["streamed_gb_per_second"] = makespan > 0 ? result.streamed_bytes * 1e-3 / makespan : 0.0;
  json["memory_bytes"] = result.memory.value;
  json["load_seconds"] = result.load_seconds;
  json["iterations_us"] = iterations;
  return json;
}

std::string to_text(const Json& json) {
  Table table({});
  table.add(
      {"ran", fmt::format("{} on {}, weights {}, {}", json["model"].get<std::string>(),
                          json["place"].get<std::string>(), json["weights"].get<std::string>(),
                          json["dtype"].get<std::string>())});
  table.add({"policy", fmt::format("{}, {}, {}", json["policy"].get<std::string>(),
                                   counted(json["workers"].get<std::uint32_t>(), "worker"),
                                   counted(json["schedulers"].get<std::uint32_t>(), "scheduler"))});
  table.add(
      {"tokens", fmt::format("{} of prompt, {} generated{}",
                             json["prompt_tokens"].get<std::size_t>(), json["generated"].size(),
                             json["ended_by_itself"].get<bool>() ? ", ended by itself" : "")});
  table.add(
      {"iteration", fmt::format("{:.1f} us (median of {})", json["iteration_us"].get<double>(),
                                json["iterations"].get<std::size_t>())});
  table.add({"whole run",
             fmt::format("{:.1f} us, {:.1f} tokens/s, {:.2f} GB/s of weights and KV",
                         json["makespan_us"].get<double>(), json["tokens_per_second"].get<double>(),
                         json["streamed_gb_per_second"].get<double>())});
  return table.str();
}

std::string token_list(const Json& tokens) {
  std::string text = "tokens:";
  for (const Json& token : tokens) text += fmt::format(" {}", token.get<std::uint32_t>());
  return text;
}

}  // namespace

Answer report_run(const HostRun& what, const HostRunResult& result, const Prompt& prompt) {
  Answer answer{.json = to_json(what, result, prompt)};
  const Json& text = answer.json["text"];
  const std::string said =
      text.is_null() ? token_list(answer.json["generated"]) : text.get<std::string>();
  answer.text = said + "\n\n" + to_text(answer.json);
  return answer;
}

}  // namespace mk::cli
