#include "experiments/cli/host_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ostream>
#include <utility>
#include <vector>

#include "core/annotate.h"
#include "core/expert_routing.h"
#include "experiments/cli/progress.h"
#include "gpu_backend/host/run_on_devices.h"
#include "gpu_backend/host/run_on_threads.h"

namespace mk::cli {
namespace {

// The decoder, and a bar that moves between iterations, where no time is measured.
struct ProgramWithProgress {
  Decoder* decoder = nullptr;
  Progress* progress = nullptr;  // of the first device

  void execute(std::uint32_t worker, std::uint32_t task, std::uint32_t iteration,
               const protocol::InHand& after) const {
    decoder->execute(worker, task, iteration, after);
  }
  std::uint32_t turn_of_wait(std::uint32_t worker, const protocol::InHand& in_hand) const {
    return decoder->turn_of_wait(worker, in_hand);
  }
  bool prepare(std::uint32_t iteration, IterationState& state) {
    if (progress != nullptr) progress->update(iteration);
    return decoder->prepare(iteration, state);
  }
};

// One decoder a device of the graph.
Result<std::vector<Decoder>> make_decoders(const ModelMemory& memory,
                                           const DecodeOptions& options) {
  std::vector<Decoder> decoders;
  for (std::uint32_t d = 0; d < memory.graph().info().devices; ++d) {
    Result<Decoder> decoder = Decoder::make(memory, options, static_cast<std::uint8_t>(d));
    if (!decoder) return tl::unexpected(decoder.error());
    decoders.push_back(std::move(*decoder));
  }
  return decoders;
}

Result<RunRecord> run_threads_of(const HostRun& what, std::vector<Decoder>& decoders,
                                 Console& console) {
  Progress progress(console, "iterations", decoders.front().plan().iterations());
  std::vector<ProgramWithProgress> programs;
  for (Decoder& decoder : decoders) {
    programs.push_back({&decoder, programs.empty() ? &progress : nullptr});
  }
  if (programs.size() == 1) return run_on_threads(what.graph, programs.front(), what.run);
  return run_on_devices(what.graph, programs, what.run);
}

DecodeResult result_of(std::vector<Decoder>& decoders) {
  std::vector<DecodeResult> results;
  for (Decoder& decoder : decoders) results.push_back(decoder.result());
  return join_devices(results);
}

}  // namespace

double streamed_bytes(const HostRun& what, const std::vector<IterationState>& states) {
  const TaskGraph& graph = *what.graph;
  double bytes = 0;
  std::vector<double> tasks_of_class(graph.classes().size(), 0);
  for (const std::uint32_t task_class : graph.tasks().task_class) ++tasks_of_class[task_class];
  for (IterationState state : states) {
    // Nobody records what the routers chose. Right where one token is alone in its iteration.
    if (state.activated_experts.empty()) assume_even_routing(graph, state);
    for (std::size_t c = 0; c < tasks_of_class.size(); ++c) {
      const TaskClass& amounts = graph.classes()[c];
      const std::int64_t one = amounts.weight_bytes.at(state) + amounts.kv_bytes.at(state);
      bytes += tasks_of_class[c] * static_cast<double>(one);
    }
  }
  // The graph counts bf16.
  return bytes * static_cast<double>(size_of(what.dtype)) /
         static_cast<double>(size_of(DType::kBf16));
}

Result<double> fill_weights(const HostRun& what, ModelMemory& memory, Console& console) {
  const Annotation phase("load weights");
  const auto begin = std::chrono::steady_clock::now();
  Result<WeightProvider> provider = what.weights == "synthetic"
                                        ? WeightProvider::synthetic(what.seed)
                                        : WeightProvider::open(what.weights);
  if (!provider) return tl::unexpected(provider.error());
  console.err << fmt::format("load {} weights as {}: {:.0f} MB\n",
                             what.weights == "synthetic" ? "synthetic" : "trained",
                             name_of(what.dtype), static_cast<double>(memory.bytes().value) * 1e-6)
              << std::flush;
  if (const Status filled = memory.fill_weights(*provider, usable_cores()); !filled) {
    return tl::unexpected(filled.error());
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

Result<HostRunResult> run_on_host(const HostRun& what, Console& console) {
  HostRunResult result;
  // What can be refused without the weights is.
  if (Status checked = check_options(*what.graph, what.run); !checked) {
    return tl::unexpected(checked.error());
  }
  Result<ModelMemory> memory = ModelMemory::allocate(what.graph, {.dtype = what.dtype});
  if (!memory) return tl::unexpected(memory.error());
  const Result<double> seconds = fill_weights(what, *memory, console);
  if (!seconds) return tl::unexpected(seconds.error());
  result.load_seconds = *seconds;
  Result<std::vector<Decoder>> decoders = make_decoders(*memory, what.decode);
  if (!decoders) return tl::unexpected(decoders.error());
  const std::uint32_t threads =
      what.graph->info().devices * (what.run.roles.workers + what.run.roles.schedulers);
  if (threads > usable_cores()) {
    console.err << fmt::format("{} threads on {} cores: right results, but times mean little\n",
                               threads, usable_cores());
  }
  Result<RunRecord> record = run_threads_of(what, *decoders, console);
  if (!record) return tl::unexpected(record.error());
  result.decoded = result_of(*decoders);
  result.record = std::move(*record);
  result.memory = memory->bytes();
  std::vector<IterationState> states;
  for (const IterationRecord& iteration : result.record.iterations) {
    states.push_back(iteration.state);
    result.iteration_us.push_back(static_cast<double>(iteration.end - iteration.start) * 1e-3);
  }
  result.streamed_bytes = streamed_bytes(what, states);
  if (!states.empty()) {
    const auto& all = result.record.iterations;
    result.makespan_us = static_cast<double>(all.back().end - all.front().start) * 1e-3;
  }
  return result;
}

}  // namespace mk::cli
