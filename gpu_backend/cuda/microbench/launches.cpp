// What it costs to launch a kernel, by kind of launch. Gaps are taken by the device's clock, from
// the end of one kernel's last block to the start of the next one's first.
#include <algorithm>
#include <chrono>

#include "gpu_backend/cuda/kernel_args.h"
#include "gpu_backend/cuda/microbench/measure.h"

namespace mk::cuda::microbench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kKernels = 40;
constexpr std::uint32_t kRunNs = 5'000;  // of each: longer than the host takes to launch one
constexpr std::uint32_t kHeadStartNs = 1'000'000;  // that the host is ahead by

double us_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

enum class Kind { kStream, kPdl };

// Rows of kernels in a row, and how to launch one of them.
class Chain {
 public:
  explicit Chain(Lab& lab)
      : lab_(lab),
        rows_(lab.zeros<MarkRow>(std::size_t{kKernels} * lab.sms())),
        head_(lab.zeros<MarkRow>(lab.sms())) {}

  void launch(std::uint32_t number, Kind kind) {
    launch_to(rows_.get() + std::size_t{number} * lab_.sms(), kRunNs, kind);
  }
  // Keeps the device busy while the host launches the others.
  void launch_head() { launch_to(head_.get(), kHeadStartNs, Kind::kStream); }

  // What happened, from kernel to kernel.
  void take(Samples& gaps, Samples& fills) {
    lab_.finish("launches");
    const std::vector<MarkRow> rows = lab_.read(rows_);
    std::uint64_t end_before = 0;
    for (std::uint32_t k = 0; k < kKernels; ++k) {
      const auto of = std::span(rows).subspan(std::size_t{k} * lab_.sms(), lab_.sms());
      const auto [first, last] =
          std::ranges::minmax(of, {}, [](const MarkRow& row) { return row.start_ns; });
      const std::uint64_t end = std::ranges::max(of, {}, &MarkRow::end_ns).end_ns;
      fills.push_back(static_cast<double>(last.start_ns - first.start_ns) * 1e-3);
      if (k > 0) {
        gaps.push_back(static_cast<double>(static_cast<std::int64_t>(first.start_ns - end_before)) *
                       1e-3);
      }
      end_before = end;
    }
  }

 private:
  void launch_to(MarkRow* rows, std::uint32_t run_ns, Kind kind) {
    MarkArgs args{rows, run_ns, kind == Kind::kPdl ? 1U : 0U};
    void* arguments[] = {&args};
    cudaLaunchAttribute overlap{};
    overlap.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    overlap.val.programmaticStreamSerializationAllowed = 1;
    lab_.launch("launches", mark_symbol(),
                {lab_.sms(), DeviceShape::kThreads, operator_shared_bytes(0)}, arguments,
                std::span(&overlap, kind == Kind::kPdl ? 1 : 0));
  }

  Lab& lab_;
  Table<MarkRow> rows_;
  Table<MarkRow> head_;
};

// Kernels [first, first + count) of a chain as one executable graph.
class KernelGraph {
 public:
  KernelGraph(Lab& lab, Chain& chain, Kind kind, std::uint32_t first, std::uint32_t count)
      : lab_(lab) {
    lab.note(checked(cudaStreamBeginCapture(lab.stream(), cudaStreamCaptureModeThreadLocal),
                     "capturing a graph"));
    for (std::uint32_t k = first; k < first + count; ++k) chain.launch(k, kind);
    lab.note(checked(cudaStreamEndCapture(lab.stream(), &graph_), "capturing a graph"));
    if (!lab.status()) return;
    lab.note(checked(cudaGraphInstantiate(&executable_, graph_, 0), "making a graph"));
    if (lab.status()) {
      lab.note(checked(cudaGraphUpload(executable_, lab.stream()), "uploading a graph"));
    }
  }
  KernelGraph(const KernelGraph&) = delete;
  KernelGraph& operator=(const KernelGraph&) = delete;
  ~KernelGraph() {
    if (executable_ != nullptr) static_cast<void>(cudaGraphExecDestroy(executable_));
    if (graph_ != nullptr) static_cast<void>(cudaGraphDestroy(graph_));
  }

  void launch() {
    if (lab_.status()) {
      lab_.note(checked(cudaGraphLaunch(executable_, lab_.stream()), "a graph launch"));
    }
  }

 private:
  Lab& lab_;
  cudaGraph_t graph_ = nullptr;
  cudaGraphExec_t executable_ = nullptr;
};

void measure_stream(Lab& lab, Results& results) {
  Chain chain(lab);
  Samples gaps;
  Samples fills;
  Samples calls;
  for (int repeat = 0; repeat < 5 && lab.status(); ++repeat) {
    chain.launch_head();
    const Clock::time_point start = Clock::now();
    for (std::uint32_t k = 0; k < kKernels; ++k) chain.launch(k, Kind::kStream);
    calls.push_back(us_since(start) / kKernels);
    chain.take(gaps, fills);
  }
  results.add(lab, "launch_stream", "us", gaps);
  results.add(lab, "launch_host_call", "us", calls);
  results.add(lab, "kernel_fill", "us", fills);
}

void measure_graph(Lab& lab, Results& results, const char* name, Kind kind) {
  Chain chain(lab);
  KernelGraph graph(lab, chain, kind, 0, kKernels);
  Samples gaps;
  Samples fills;
  for (int repeat = 0; repeat < 5 && lab.status(); ++repeat) {
    graph.launch();
    chain.take(gaps, fills);
  }
  results.add(lab, name, "us", gaps);
}

// From the last kernel of one graph to the first of the next, which was launched long before.
void measure_graph_to_graph(Lab& lab, Results& results) {
  Chain chain(lab);
  constexpr std::uint32_t kHalf = kKernels / 2;
  KernelGraph first(lab, chain, Kind::kStream, 0, kHalf);
  KernelGraph second(lab, chain, Kind::kStream, kHalf, kHalf);
  Samples between;
  for (int repeat = 0; repeat < 15 && lab.status(); ++repeat) {
    chain.launch_head();
    first.launch();
    second.launch();
    Samples gaps;
    Samples fills;
    chain.take(gaps, fills);
    between.push_back(gaps[kHalf - 1]);
  }
  results.add(lab, "launch_graph_to_graph", "us", between);
}

// One kernel that does nothing, launched and waited for; the host's time.
void measure_round(Lab& lab, Results& results, const char* name, bool is_cooperative) {
  const Table<MarkRow> rows = lab.zeros<MarkRow>(lab.sms());
  cudaLaunchAttribute cooperative{};
  cooperative.id = cudaLaunchAttributeCooperative;
  cooperative.val.cooperative = 1;
  Samples samples;
  for (int repeat = 0; repeat < 50 && lab.status(); ++repeat) {
    MarkArgs args{rows.get(), 0, 0};
    void* arguments[] = {&args};
    const Clock::time_point start = Clock::now();
    lab.launch(name, mark_symbol(), {lab.sms(), DeviceShape::kThreads, operator_shared_bytes(0)},
               arguments, std::span(&cooperative, is_cooperative ? 1 : 0));
    if (lab.status()) lab.note(checked(cudaStreamSynchronize(lab.stream()), name));
    samples.push_back(us_since(start));
  }
  results.add(lab, name, "us", samples);
}

}  // namespace

void measure_launches(Lab& lab, Results& results) {
  measure_round(lab, results, "launch_round", false);
  measure_round(lab, results, "launch_round_cooperative", true);
  measure_stream(lab, results);
  measure_graph(lab, results, "launch_graph", Kind::kStream);
  measure_graph(lab, results, "launch_pdl", Kind::kPdl);
  measure_graph_to_graph(lab, results);
}

}  // namespace mk::cuda::microbench
