#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <memory>

#include "experiments/cli/cuda_run.h"
#include "experiments/cli/graph_argument.h"
#include "experiments/cli/host_run.h"
#include "experiments/cli/policy_flags.h"
#include "experiments/cli/prompt.h"
#include "experiments/cli/run_report.h"
#include "experiments/cli/trace_output.h"
#include "experiments/cli/verb_list.h"
#include "experiments/cli/words.h"
#include "gpu_backend/host/npy.h"

namespace mk::cli {
namespace {

struct Options {
  GraphFlags graph{};
  PolicyFlags policy{};
  PromptFlags prompt{};
  std::string backend = "host";
  std::uint32_t generate = 32;
  std::string weights{};
  std::string dtype = "bf16";
  std::uint64_t seed = 1;
  std::vector<std::string> injections{};
  std::string logits{};
  std::string output{};
  std::string capture{};
  std::string raw{};
  std::string preload = "on";
  std::string cupti = "auto";
  double sampling_us = 0;
};

// Of each device its share of the cores: under `static` for workers, else one of them for a
// scheduler.
Split host_split(const PolicyFlags& flags, std::uint32_t devices) {
  const std::uint32_t cores = std::max(usable_cores() / devices, devices > 1 ? 2U : 1U);
  const bool without_schedulers = flags.policy == facts(PolicyKind::kStatic).name || cores == 1;
  return without_schedulers ? Split{cores, 0} : Split{cores - 1, 1};
}

// As the MPK paper splits its GPUs: four SMs schedule, where the policy has schedulers at all.
Split cuda_split(const PolicyFlags& flags, std::uint32_t sms) {
  const Policy policy = policy_of(flags);
  const bool without_schedulers =
      policy.kind == PolicyKind::kStatic || facts(policy.kind).family == PolicyFamily::kPerKernel;
  return without_schedulers || sms <= 4 ? Split{sms, 0} : Split{sms - 4, 16};
}

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

bool holds_weights(const std::string& path) {
  if (!is_folder(path)) return false;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(path, ignored)) {
    if (entry.path().extension() == ".safetensors") return true;
  }
  return false;
}

// What was not said: weights lie beside the MODEL's config.json, or are synthetic.
std::string weights_of(const Options& options) {
  if (!options.weights.empty()) return options.weights;
  return holds_weights(options.graph.argument) ? options.graph.argument : "synthetic";
}

std::string folder_with_tokenizer(const Options& options, const std::string& weights) {
  if (is_folder(weights)) return weights;
  return is_folder(options.graph.argument) ? options.graph.argument : "";
}

Status check_sampling(const Options& options) {
  if (options.sampling_us == 0) return {};
  if (options.sampling_us < 1)
    return fail(ErrorCode::kUsage, "--pm-sampling: at least 1 microsecond, or 0 for none");
  if (!options.output.empty() && options.cupti != "off") return {};
  return fail(ErrorCode::kUsage, "--pm-sampling needs a TRACE (-o) and CUPTI (not --cupti off)");
}

Status check(const Options& options) {
  if (options.backend == "cuda") return check_sampling(options);
  if (facts(*policy_from_name(options.policy.policy)).family == PolicyFamily::kPerKernel) {
    return fail(ErrorCode::kUsage,
                fmt::format("--policy {}: the host backend runs {}; kernel-per-operator policies "
                            "need --backend cuda",
                            options.policy.policy, join(megakernel_policy_names())));
  }
  if (!options.capture.empty() || options.preload != "on" || options.cupti != "auto" ||
      options.sampling_us != 0 || !options.raw.empty()) {
    return fail(ErrorCode::kUsage,
                "--capture, --preload, --cupti, --pm-sampling and --raw are of --backend cuda");
  }
  return {};
}

// CUPTI looks at each kernel: nothing beside one persistent kernel, but much beside the small
// kernels of the baselines, whose time would then be CUPTI's.
bool wants_cupti(const Options& options) {
  if (options.backend != "cuda" || options.output.empty()) return false;
  if (options.cupti != "auto") return options.cupti == "on";
  return options.sampling_us > 0 ||
         facts(*policy_from_name(options.policy.policy)).family != PolicyFamily::kPerKernel;
}

// "A:B", iterations A to before B.
Result<CudaChoices> cuda_choices(const Options& options) {
  CudaChoices choices;
  choices.preloads = options.preload == "on";
  choices.sampling_us = options.sampling_us;
  choices.keeps_raw = !options.raw.empty();
  if (options.capture.empty()) return choices;
  const char* const text = options.capture.data();
  const char* const end = text + options.capture.size();
  const auto first = std::from_chars(text, end, choices.first_recorded);
  const bool has_colon = first.ec == std::errc{} && first.ptr != end && *first.ptr == ':';
  const auto last = has_colon ? std::from_chars(first.ptr + 1, end, choices.end_recorded) : first;
  if (!has_colon || last.ec != std::errc{} || last.ptr != end ||
      choices.end_recorded <= choices.first_recorded) {
    return fail(
        ErrorCode::kUsage,
        fmt::format("--capture {}: must be A:B, iterations A to before B", options.capture));
  }
  return choices;
}

Result<Split> default_split(const Options& options) {
  if (options.backend == "host") return host_split(options.policy, options.graph.compile.devices);
  const Result<std::uint32_t> sms = cuda_sms();
  if (!sms) return tl::unexpected(sms.error());
  return cuda_split(options.policy, *sms);
}

Result<HostRunOptions> run_options(const Options& options) {
  HostRunOptions run;
  run.policy = policy_of(options.policy);
  const Result<Split> defaults = default_split(options);
  if (!defaults) return tl::unexpected(defaults.error());
  const Split split = split_of(options.policy, *defaults);
  if (split.workers == 0)
    return fail(ErrorCode::kInvalidInput, "--workers: 0 workers, at least 1 is needed");
  run.roles = {split.workers, split.schedulers};
  run.record = !options.output.empty() || !options.raw.empty();
  for (const std::string& text : options.injections) {
    if (const Status added = add_injection(run.injections, text); !added)
      return tl::unexpected(added.error());
  }
  return run;
}

// The options as far as they need no graph; then the graph, compiled for the run's workers.
Result<HostRun> prepare(const Options& options, Prompt& prompt) {
  HostRun what{.weights = weights_of(options), .seed = options.seed};
  what.dtype = *dtype_from_name(options.dtype);
  Result<HostRunOptions> run = run_options(options);
  if (!run) return tl::unexpected(run.error());
  what.run = std::move(*run);
  const Result<GraphOrModel> source = open_graph_or_model(options.graph);
  if (!source) return tl::unexpected(source.error());
  Result<Prompt> made =
      make_prompt(options.prompt, folder_with_tokenizer(options, what.weights),
                  source->model ? source->model->json : source->graph->info().model_config);
  if (!made) return tl::unexpected(made.error());
  prompt = std::move(*made);
  what.decode = {.prompt = prompt.tokens,
                 .generate = options.generate,
                 .end_of_sequence = prompt.end_of_sequence,
                 .capture_logits = !options.logits.empty()};
  const auto positions = static_cast<std::uint32_t>(prompt.tokens.size()) + options.generate;
  auto graph = graph_for(*source, options.graph, std::max(what.run.roles.workers, 1U), positions);
  if (!graph) return tl::unexpected(graph.error());
  what.graph = std::move(*graph);
  return what;
}

Status write_files(const Options& options, const HostRun& what, HostRunResult& result,
                   const Console& console) {
  if (!options.logits.empty()) {
    const DecodeResult& decoded = result.decoded;
    const Status written =
        write_npy(options.logits, decoded.logits,
                  static_cast<std::int64_t>(decoded.generated.size()), decoded.vocabulary);
    if (!written) return written;
  }
  const std::map<std::string, std::string> said = {
      {"command_line", console.command_line},
      {"weights",
       what.weights == "synthetic" ? fmt::format("synthetic, seed {}", what.seed) : what.weights},
      {"dtype", std::string(name_of(what.dtype))}};
  if (result.raw != nullptr) {
    result.raw->meta.insert(said.begin(), said.end());
    if (Status ok = write_raw_run(*result.raw, options.raw); !ok) return ok;
  }
  if (options.output.empty()) return {};
  RunRecord record = result.record;
  record.meta.insert(said.begin(), said.end());
  return write_run(std::move(record), options.output, result.captured);
}

Result<Answer> run_it(const Options& options, Console& console) {
  if (const Status good = check(options); !good) return tl::unexpected(good.error());
  Result<CudaChoices> choices = cuda_choices(options);
  if (!choices) return tl::unexpected(choices.error());
  if (wants_cupti(options)) choices->capture = start_capture();  // before all other use of CUDA
  Prompt prompt;
  const Result<HostRun> what = prepare(options, prompt);
  if (!what) return tl::unexpected(what.error());
  Result<HostRunResult> result = options.backend == "host" ? run_on_host(*what, console)
                                                           : run_on_cuda(*what, *choices, console);
  if (!result) return tl::unexpected(result.error());
  const Status written = write_files(options, *what, *result, console);
  if (!written) return tl::unexpected(written.error());
  return report_run(*what, *result, prompt);
}

Action declare(Flags& flags) {
  const auto o = std::make_shared<Options>();
  declare_graph_argument(flags, o->graph);
  declare_policy_flags(flags, o->policy, "all cores or SMs");
  flags.value("--backend", o->backend, "B", "host or cuda").one_of({"host", "cuda"});
  declare_prompt_flags(flags, o->prompt);
  flags.value("--generate", o->generate, "N", "tokens, at most").at_least(1);
  flags.value("--weights", o->weights, "WEIGHTS", "safetensors file or folder, or 'synthetic'")
      .default_text("beside MODEL, or synthetic");
  flags.value("--dtype", o->dtype, "T", "bf16 or f32: weights and KV cache")
      .one_of({"bf16", "f32"});
  flags.value("--seed", o->seed, "N", "of synthetic weights");
  flags.repeated("--inject", o->injections, "NAME=VALUE", "disturb the run on purpose");
  flags.value("--logits", o->logits, "FILE.npy", "write a row of logits a generated token");
  flags.value("-o,--output", o->output, "TRACE", "record the run into this .db file");
  flags.value("--capture", o->capture, "A:B", "cuda: record iterations A to before B")
      .default_text("all");
  flags.value("--raw", o->raw, "FILE",
              "cuda: the recorder's rows as they came, for 'megascope import'");
  flags.value("--preload", o->preload, "on|off", "cuda: ask for weights while waiting")
      .one_of({"on", "off"});
  flags.value("--cupti", o->cupti, "on|off|auto", "cuda: CUPTI's records too; auto: megakernels")
      .one_of({"on", "off", "auto"});
  flags.value("--pm-sampling", o->sampling_us, "US", "cuda: sample DRAM and SM counters each US")
      .default_text("off");
  return [o](Console& console) { return run_it(*o, console); };
}

}  // namespace

constinit const Verb run_verb = {
    .name = "run",
    .summary = "runs a model for real, and records what every worker did",
    .arguments = "GRAPH|MODEL [options]",
    .description =
        "Runs the task graph on host threads or a GPU and generates tokens greedily, all "
        "iterations\n"
        "inside one run. Stops early at the model's end-of-sequence token. A GRAPH needs --weights "
        "DIR "
        "to\n"
        "speak: it holds shapes only.",
    .examples =
        "megascope run \"$(scripts/fetch-model smollm2-135m)\" --text 'What is the Moon?'\n"
        "megascope run smol.mkg --policy static --workers 2 --prompt 1,2,3 -o measured.db\n"
        "megascope run llama-3.2-1b --backend cuda --policy static --capture 20:24 -o gpu.db",
    .declare = declare,
};

}  // namespace mk::cli
