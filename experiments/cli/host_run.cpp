#include "experiments/cli/host_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ostream>
#include <utility>

#include "experiments/cli/progress.h"
#include "gpu_backend/host/run_on_threads.h"

namespace mk::cli {
namespace {

// The decoder, and a bar that moves between iterations, where no time is measured.
struct ProgramWithProgress {
  Decoder& decoder;
  Progress& progress;

  void execute(std::uint32_t worker, std::uint32_t task, std::uint32_t iteration) {
    decoder.execute(worker, task, iteration);
  }
  bool prepare(std::uint32_t iteration, IterationState& state) {
    progress.update(iteration);
    return decoder.prepare(iteration, state);
  }
};

double streamed_bytes(const TaskGraph& graph, const std::vector<IterationRecord>& iterations,
                      DType dtype) {
  double bytes = 0;
  std::vector<double> tasks_of_class(graph.classes().size(), 0);
  for (const std::uint32_t task_class : graph.tasks().task_class) ++tasks_of_class[task_class];
  for (const IterationRecord& iteration : iterations) {
    for (std::size_t c = 0; c < tasks_of_class.size(); ++c) {
      const TaskClass& amounts = graph.classes()[c];
      const std::int64_t one =
          amounts.weight_bytes.at(iteration.state) + amounts.kv_bytes.at(iteration.state);
      bytes += tasks_of_class[c] * static_cast<double>(one);
    }
  }
  // The graph counts bf16.
  return bytes * static_cast<double>(size_of(dtype)) / static_cast<double>(size_of(DType::kBf16));
}

Result<ModelMemory> load(const HostRun& what, Console& console, double& seconds) {
  const auto begin = std::chrono::steady_clock::now();
  Result<WeightProvider> provider = what.weights == "synthetic"
                                        ? WeightProvider::synthetic(what.seed)
                                        : WeightProvider::open(what.weights);
  if (!provider) return tl::unexpected(provider.error());
  Result<ModelMemory> memory = ModelMemory::allocate(what.graph, {.dtype = what.dtype});
  if (!memory) return tl::unexpected(memory.error());
  console.err << fmt::format("load {} weights as {}: {:.0f} MB\n",
                             what.weights == "synthetic" ? "synthetic" : "trained",
                             name_of(what.dtype), static_cast<double>(memory->bytes().value) * 1e-6)
              << std::flush;
  const Status filled = memory->fill_weights(*provider, usable_cores());
  if (!filled) return tl::unexpected(filled.error());
  seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return memory;
}

}  // namespace

Result<HostRunResult> run_on_host(const HostRun& what, Console& console) {
  HostRunResult result;
  Result<ModelMemory> memory = load(what, console, result.load_seconds);
  if (!memory) return tl::unexpected(memory.error());
  Result<Decoder> decoder = Decoder::make(*memory, what.decode);
  if (!decoder) return tl::unexpected(decoder.error());
  const std::uint32_t threads = what.run.roles.workers + what.run.roles.schedulers;
  if (threads > usable_cores()) {
    console.err << fmt::format("{} threads on {} cores: right results, but times mean little\n",
                               threads, usable_cores());
  }
  Progress progress(console, "iterations", decoder->plan().iterations());
  ProgramWithProgress program{*decoder, progress};
  Result<RunRecord> record = run_on_threads(what.graph, program, what.run);
  if (!record) return tl::unexpected(record.error());
  result.decoded = decoder->result();
  result.record = std::move(*record);
  result.memory = memory->bytes();
  result.streamed_bytes = streamed_bytes(*what.graph, result.record.iterations, what.dtype);
  return result;
}

}  // namespace mk::cli
