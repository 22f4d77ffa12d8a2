#include "experiments/cli/sweep_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiments/cli/answer.h"
#include "experiments/cli/policy_flags.h"
#include "experiments/cli/text_file.h"
#include "experiments/cli/words.h"

namespace mk::cli {
namespace {

// How an axis stands on the command line. A repeatable flag is one factor each time it stands
// there: "A,B" are alternatives, "A+B" stand together.
struct AxisFlag {
  std::string_view axis{};
  const char* flag = "";
  const char* type = "LIST";
  const char* help = "";
  const char* otherwise = "";
  bool repeatable = false;
};

constexpr AxisFlag kFlags[] = {
    {"model", "--model", "LIST", "built-in names, config.json files, or folders with one", ""},
    {"machine", "--machine", "LIST", "names of 'machines', or JSON files", "h100-sxm"},
    {"policy", "--policy", "LIST", "policies to try", "all"},
    {"placement", "--placement", "LIST", "placements to try", "round-robin"},
    {"jit_placement", "--jit-placement", "LIST", "in-turn, shortest-queue", "in-turn"},
    {"worker_queue", "--worker-queue", "LIST", "polling, blocking (hybrid, as open MPK)",
     "polling"},
    {"workers", "--workers", "A:B:STEP", "worker counts, also a list", "the machine's"},
    {"schedulers", "--schedulers", "A:B:STEP", "scheduler counts, also a list", "the machine's"},
    {"grid_workers", "--partition-workers", "A:B:STEP", "workers that grids are made for",
     "--workers"},
    {"batch_tokens", "--batch-tokens", "A:B:STEP", "tokens an iteration takes in", "1"},
    {"requests", "--requests", "A:B:STEP", "requests side by side", "1"},
    {"context", "--context", "A:B:STEP", "tokens in each request's KV cache", "1024"},
    {"tp", "--tp", "A:B:STEP", "devices, tensor parallel", "1"},
    {"partition", "--partition", "LIST", "mpk, balanced", "mpk"},
    {"fuse", "--fuse", "LIST", "none, norm, norm-linear, norm-gated", "none"},
    {"events", "--events", "LIST", "gcd, exact, operator", "gcd"},
    {"overlap", "--overlap", "LIST", "communication tile by tile: on, off", "on"},
    {"experts", "--experts", "LIST", "expert groups of MoE models: stride, static", "stride"},
    {"expert_skew", "--expert-skew", "LIST", "draw experts, the i-th as 1/i^S; otherwise even", ""},
    {"set", "--set", "OPERATOR.tasks=N", "an operator's tasks; attention.parts=N, .page=N of KV",
     "", true},
    {"kernels", "--kernels", "LIST", "of stream, graph, pdl: files that list kernels", ""},
    {"mechanism", "--mechanism", "NAME=on|off", "leave out what is modelled", "", true},
    {"inject", "--inject", "NAME=VALUE", "disturb the run, as 'run' does", "", true},
    {"what_if", "--what-if", "PATH=VALUE", "change a number of the machine", "", true},
    {"engine", "--engine", "LIST", "elided, reference (event by event)", "elided"},
    {"iterations", "--iterations", "A:B:STEP", "decode steps, the last at the context", "4"},
    {"prompt_tokens", "--prompt-tokens", "A:B:STEP", "instead: requests from such a prompt on", ""},
    {"generate", "--generate", "A:B:STEP", "tokens that follow the prompt", "1"},
    {"seed", "--seed", "A:B:STEP", "of the durations' spread", "1"},
    {"span", "--span", "FIRST:LAST", "operators whose part of a layer is timed too", ""},
};

constexpr std::size_t place_of(std::string_view axis) {
  std::size_t place = 0;
  while (kSweepAxes[place].name != axis) ++place;
  return place;
}

Result<SweepSpec> spec_of(const SweepFlags& flags) {
  SweepSpec spec;
  for (const AxisFlag& flag : kFlags) {
    const std::size_t axis = place_of(flag.axis);
    std::vector<std::string>& values = spec.values[axis];
    if (!flags.lists[axis].empty()) values = split_list(flags.lists[axis]);
    for (const std::string& factor : flags.factors[axis])
      values = cross_alternatives(values, split_list(factor));
  }
  if (spec.of("policy").empty() || spec.of("policy") == std::vector<std::string>{"all"})
    spec.of("policy") = policy_names();
  return spec;
}

bool any_given(const SweepFlags& flags) {
  return std::any_of(flags.lists.begin(), flags.lists.end(), [](auto& l) { return !l.empty(); }) ||
         std::any_of(flags.factors.begin(), flags.factors.end(),
                     [](auto& f) { return !f.empty(); });
}

void unite(SweepPoints& all, SweepPoints more) {
  all.points.insert(all.points.end(), more.points.begin(), more.points.end());
  all.left_out += more.left_out;
  if (!more.why.empty()) all.why = std::move(more.why);
}

Result<SweepPoints> points_of_file(const std::string& path, Catalogue& catalogue) {
  const Result<std::string> text = read_text(path);
  if (!text) return tl::unexpected(text.error());
  const Json json = Json::parse(*text, nullptr, false);
  if (json.is_discarded()) return fail(ErrorCode::kInvalidInput, path + ": not JSON");
  const Json sweeps = json.is_array() ? json : Json::array({json});
  if (sweeps.empty()) return fail(ErrorCode::kInvalidInput, path + ": no sweep");
  SweepPoints all;
  for (const Json& one : sweeps) {
    const Result<SweepSpec> spec = spec_from_json(one);
    if (!spec) return with_context(path, spec.error());
    Result<SweepPoints> points = expand(*spec, catalogue);
    if (!points) return with_context(path, {ErrorCode::kInvalidInput, points.error().message});
    unite(all, std::move(*points));
  }
  std::sort(all.points.begin(), all.points.end());
  all.points.erase(std::unique(all.points.begin(), all.points.end()), all.points.end());
  return all;
}

}  // namespace

void declare_sweep_flags(Flags& parser, SweepFlags& flags) {
  for (const AxisFlag& flag : kFlags) {
    const std::size_t axis = place_of(flag.axis);
    if (flag.repeatable) {
      parser.repeated(flag.flag, flags.factors[axis], flag.type, flag.help);
    } else {
      parser.value(flag.flag, flags.lists[axis], flag.type, flag.help).default_text(flag.otherwise);
    }
  }
  parser.value("--spec", flags.spec, "FILE", "instead of all these: a JSON file with sweeps");
}

Result<SweepPoints> points_of(const SweepFlags& flags, Catalogue& catalogue) {
  if (!flags.spec.empty()) {
    if (any_given(flags))
      return fail(ErrorCode::kUsage, "--spec says all axes; leave the other flags out");
    return points_of_file(flags.spec, catalogue);
  }
  if (flags.lists[place_of("model")].empty())
    return fail(ErrorCode::kUsage, "--model or --spec is required");
  const Result<SweepSpec> spec = spec_of(flags);
  if (!spec) return tl::unexpected(spec.error());
  return expand(*spec, catalogue);
}

}  // namespace mk::cli
