// Task bodies, each alone on its SM: one SM at a time, or all at once with weights of their own.
//
// Weights and KV caches are read cold. A body that copies weights gives four figures: when its
// first chunk could be used, the rate from there to its last, what came after, and its spread
// where all SMs run it. The others give a fixed time and a time a KiB of activations.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "gpu_backend/cuda/bodies/batch_linear.h"
#include "gpu_backend/cuda/kernel_args.h"
#include "gpu_backend/cuda/microbench/body_fit.h"
#include "gpu_backend/cuda/microbench/measure.h"

namespace mk::cuda::microbench {
namespace {

constexpr std::uint32_t kCount = 8;            // bodies a block runs
constexpr std::size_t kActivations = 4 << 20;  // floats: of x, and of y
constexpr std::uint32_t kHeadDim = 128;
constexpr std::uint32_t kMostContext = 2048;

struct BodyTimes {
  std::vector<double> total_us{};
  std::vector<double> first_us{};  // until the first chunk had landed
  std::vector<double> last_us{};
};

double median(const Samples& samples) {
  return samples.empty() ? 0 : mk::microbench::median(samples);
}

class BodyBench {
 public:
  BodyBench(Lab& lab, Results& results)
      : lab_(lab),
        results_(results),
        x_(lab.zeros<float>(kActivations)),
        y_(lab.zeros<float>(kActivations)),
        small_(lab.zeros<float>(std::size_t{kMostContext} * kHeadDim)) {
    work_bytes_ = static_cast<std::uint32_t>(
        (lab.device().shared_bytes_per_block - operator_shared_bytes(0) - 1024) / 128 * 128);
  }

  void run() {
    linear("linear", TaskKind::kLinear, LinearInput::kPlain, 1024);
    linear("norm_linear", TaskKind::kNormLinear, LinearInput::kNorm, 1024);
    linear("silu_linear", TaskKind::kSiluLinear, LinearInput::kSilu, 3072);
    linear_by_width();
    linear_flops();
    bodies_at_once();
    attention();
    small_bodies();
    expert_linear();
    small_expert_bodies();
  }

 private:
  using MakeTask = std::function<TaskDescriptor(std::uint32_t block)>;

  // `kCount` bodies on each of `active` SMs; the first of each, which finds cold code, left out.
  // Timed: when their copies land, too, for which all of it takes longer.
  BodyTimes time(const char* what, std::uint32_t active, const StepRow& step, const MakeTask& make,
                 bool is_timed = false, bool in_step = false) {
    std::vector<TaskDescriptor> tasks;
    for (std::uint32_t i = 0; i < active * kCount; ++i) tasks.push_back(make(i / kCount));
    const Table<TaskDescriptor> table = lab_.table(tasks);
    const Table<BodyRow> rows = lab_.zeros<BodyRow>(tasks.size());
    const Table<Span> spans = lab_.zeros<Span>(active);
    const Table<Word> ready = lab_.zeros<Word>(1);
    lab_.run(what, is_timed ? timed_body_symbol() : body_symbol(),
             {active, DeviceShape::kThreads, operator_shared_bytes(work_bytes_)},
             BodyArgs{lab_.guard(), table.get(), rows.get(), spans.get(), ready.get(), step, active,
                      kCount, work_bytes_, in_step});
    const std::vector<BodyRow> taken = lab_.read(rows);
    const std::vector<Span> of = lab_.read(spans);
    BodyTimes times;
    for (std::uint32_t i = 0; i < taken.size(); ++i) {
      if (i % kCount == 0) continue;
      const Span& span = of[i / kCount];
      times.total_us.push_back(us_of_cycles(taken[i].total, span));
      times.first_us.push_back(us_of_cycles(taken[i].first_landed, span));
      times.last_us.push_back(us_of_cycles(taken[i].last_landed, span));
    }
    return times;
  }

  TaskDescriptor linear_task(TaskKind kind, LinearInput input, std::uint32_t in, std::uint32_t rows,
                             std::uint32_t tokens, const unsigned char* weights,
                             std::uint32_t block) const {
    TaskDescriptor task;
    task.kind = kind;
    task.linear = {};
    task.linear.weights = reinterpret_cast<const Bf16*>(weights);
    task.linear.x = x_.get();
    task.linear.y = y_.get() + std::size_t{block} * rows * kMaxTokens;
    task.linear.norm = reinterpret_cast<const Bf16*>(small_.get());
    task.linear.in = in;
    task.linear.rows = rows;
    task.linear.x_stride = input == LinearInput::kSilu ? 2 * in : in;
    task.linear.y_stride = rows;
    task.linear.input = input;
    task.linear.epsilon = 1e-5F;
    task.linear.token_tiles = tokens == 1 ? 0 : (tokens + kTileTokens - 1) / kTileTokens;
    return task;
  }

  BodyTimes time_linear(TaskKind kind, LinearInput input, std::uint32_t in, std::uint32_t rows,
                        std::uint32_t tokens, std::uint32_t active, bool is_timed = false) {
    const auto make = [&](std::uint32_t block) {
      return linear_task(kind, input, in, rows, tokens, lab_.fresh(std::size_t{2} * in * rows),
                         block);
    };
    return time("a linear body", active, {tokens, tokens, 0, 0}, make, is_timed);
  }

  void add(std::string_view body, const char* what, const char* unit, const Samples& samples) {
    results_.add(lab_, fmt::format("body_{}_{}", body, what), unit, samples);
  }

  // When the first chunk could be used, the rate from there to the last, what came after.
  void add_stream(std::string_view name, double bytes, const Samples& totals,
                  const BodyTimes& alone) {
    Samples rates;
    Samples starts;
    Samples epilogues;
    for (std::size_t i = 0; i < alone.total_us.size(); ++i) {
      const double stream = alone.last_us[i] - alone.first_us[i];
      if (stream > 0) rates.push_back(bytes * 1e-3 / stream);
      starts.push_back(alone.first_us[i]);
      epilogues.push_back(alone.total_us[i] - alone.last_us[i]);
    }
    add(name, "total", "us", totals);
    add(name, "start_up", "us", starts);
    add(name, "rate", "GB/s", rates);
    add(name, "epilogue", "us", epilogues);
  }

  void linear(std::string_view name, TaskKind kind, LinearInput input, std::uint32_t in) {
    const std::uint32_t rows = (256U << 10) / (2 * in);  // a tile of 256 KiB
    const double bytes = 2.0 * in * rows;
    const BodyTimes alone = time_linear(kind, input, in, rows, 1, 1, true);
    add_stream(name, bytes, time_linear(kind, input, in, rows, 1, 1).total_us, alone);
    const BodyTimes together = time_linear(kind, input, in, rows, 1, lab_.sms());
    add(name, "total_of_all", "us", together.total_us);
    const BodyTimes batch = time_linear(kind, input, in, rows, 8, 1, true);
    const double more_kib = 7.0 * in * 4 / 1024 * (input == LinearInput::kSilu ? 2 : 1);
    add(name, "per_activation", "us",
        {std::max(0.0, (median(batch.first_us) - median(alone.first_us)) / more_kib)});
  }

  // Rows of other lengths, tiles of other sizes: the total, for whoever fits models (body_fit.h).
  void linear_by_width() {
    for (const std::uint32_t in : kFittedWidths) {
      for (const std::uint32_t kib : kFittedKib) {
        const BodyTimes times =
            time_linear(TaskKind::kLinear, LinearInput::kPlain, in, (kib << 10) / (2 * in), 1, 1);
        add("linear", fmt::format("{}x{}kib", in, kib).c_str(), "us", times.total_us);
      }
    }
    const BodyTimes gated = time_linear(TaskKind::kSiluLinear, LinearInput::kSilu, kLongSiluIn,
                                        (kLongSiluKib << 10) / (2 * kLongSiluIn), 1, 1);
    add("silu_linear", fmt::format("{}x{}kib", kLongSiluIn, kLongSiluKib).c_str(), "us",
        gated.total_us);
  }

  // What N workers' bodies get of the memory at the same time: N times what the slowest of them
  // gets, since it is the slowest that a barrier waits for. N blocks launched as N lie as N workers
  // do; some ports have more of them than others, so that some bodies end long before the last,
  // which then cannot take more than a body takes (blind/README.md, round 10). By the difference of
  // two sizes: start and end of a body fall out.
  void bodies_at_once() {
    constexpr std::uint32_t kIn = 2048;
    constexpr std::uint32_t kKib[] = {512, 2048};
    std::uint32_t n = 1;
    while (n <= lab_.sms() && lab_.status()) {
      Samples slowest[2];
      for (const bool is_large : {false, true}) {
        slowest[is_large] = slowest_in_step(kIn, (kKib[is_large] << 10) / (2 * kIn), n);
      }
      const double of_small = median(slowest[0]);
      Samples rates;
      for (const double us : slowest[1]) {
        rates.push_back(n * (kKib[1] - kKib[0]) * 1024e-3 / (us - of_small));
      }
      results_.add(lab_, fmt::format("bodies_bandwidth_{}", n), "GB/s", rates);
      n = n == 1 ? 32 : n + 1;
    }
  }

  // Of each repetition the longest of all blocks' bodies, begun together.
  Samples slowest_in_step(std::uint32_t in, std::uint32_t rows, std::uint32_t active) {
    // Side by side what is read at the same time, so that nobody finds it in the L2.
    const std::size_t bytes = std::size_t{2} * in * rows;
    std::vector<const unsigned char*> of_repetition(kCount);
    for (auto& weights : of_repetition) weights = lab_.fresh(bytes * active);
    std::uint32_t repetition = 0;
    const auto make = [&](std::uint32_t block) {
      const unsigned char* const weights = of_repetition[repetition++ % kCount] + block * bytes;
      return linear_task(TaskKind::kLinear, LinearInput::kPlain, in, rows, 1, weights, block);
    };
    constexpr int kLaunches = 9;
    constexpr std::size_t kKept = kCount - 1;
    Samples all;
    for (int launch = 0; launch < kLaunches && lab_.status(); ++launch) {
      const BodyTimes times = time("bodies at once", active, {1, 1, 0, 0}, make, false, true);
      Samples slowest(kKept);
      for (std::size_t i = 0; i < times.total_us.size(); ++i) {
        slowest[i % kKept] = std::max(slowest[i % kKept], times.total_us[i]);
      }
      all.insert(all.end(), slowest.begin(), slowest.end());
    }
    return all;
  }

  // The same weights again and again, out of the second-level cache: what the arithmetic takes.
  void linear_flops() {
    constexpr std::uint32_t kIn = 1024;
    constexpr std::uint32_t kRows = 128;
    for (const std::uint32_t tokens : {1U, 16U}) {
      const unsigned char* const weights = lab_.fresh(std::size_t{2} * kIn * kRows);
      const auto make = [&](std::uint32_t block) {
        return linear_task(TaskKind::kLinear, LinearInput::kPlain, kIn, kRows, tokens, weights,
                           block);
      };
      const BodyTimes times = time("a linear body", 1, {tokens, tokens, 0, 0}, make, true);
      Samples flops_per_us;
      for (std::size_t i = 0; i < times.total_us.size(); ++i) {
        const double stream = times.last_us[i] - times.first_us[i];
        if (stream > 0) flops_per_us.push_back(2.0 * kIn * kRows * tokens / stream * 1e-3);
      }
      add("linear", fmt::format("gflops_{}_tokens", tokens).c_str(), "Gflop/s", flops_per_us);
    }
  }

  BodyTimes time_attention(std::uint32_t context, std::uint32_t active) {
    constexpr std::uint32_t kGroup = 2;
    constexpr std::size_t kCacheBytes = std::size_t{2} * kMostContext * kHeadDim;
    return time("an attention body", active, {1, 1, context, 0}, [&](std::uint32_t block) {
      TaskDescriptor task;
      task.kind = TaskKind::kAttention;
      task.attention = {};
      task.attention.qkv = x_.get();
      task.attention.y = y_.get() + std::size_t{block} * kGroup * kHeadDim;
      task.attention.keys = reinterpret_cast<Bf16*>(lab_.fresh_to_write(kCacheBytes));
      task.attention.values = reinterpret_cast<Bf16*>(lab_.fresh_to_write(kCacheBytes));
      task.attention.rope = small_.get();
      task.attention.qkv_stride = (kGroup + 2) * kHeadDim;
      task.attention.y_stride = kGroup * kHeadDim;
      task.attention.y_head_stride = kHeadDim;
      task.attention.kv_heads = 1;
      task.attention.end_position = 0xffffffffU;
      task.attention.group = kGroup;
      task.attention.head_dim = kHeadDim;
      task.attention.epsilon = 1e-5F;
      return task;
    });
  }

  void attention() {
    const BodyTimes none = time_attention(0, 1);
    const BodyTimes full = time_attention(1023, 1);
    add("attention", "fixed", "us", none.total_us);
    add("attention", "context_1024", "us", full.total_us);
    add("attention", "context_256", "us", time_attention(255, 1).total_us);
    const double stream = median(full.total_us) - median(none.total_us);
    if (stream > 0) add("attention", "rate", "GB/s", {1023.0 * kHeadDim * 4 * 1e-3 / stream});
    add("attention", "total_of_all", "us", time_attention(1023, lab_.sms()).total_us);
    // Two heads: 1 KiB a part.
    const auto merge = [this](std::uint32_t parts) {
      return [this, parts](std::uint32_t) {
        TaskDescriptor task;
        task.kind = TaskKind::kAttentionMerge;
        const std::uint32_t stride = 2 * parts * (kHeadDim + 2);
        task.attention_merge = {x_.get(), y_.get(), stride, 2 * kHeadDim, 2, kHeadDim, parts, 0};
        return task;
      };
    };
    small(TaskKind::kAttentionMerge, 4, 4, merge(4), merge(16));
  }

  // One token's choice of one expert, as a task of a graph with as many groups as choices has it.
  void expert_linear() {
    constexpr std::uint32_t kIn = 2048;
    constexpr std::uint32_t kRows = 64;
    constexpr std::uint32_t kChoices = 8;
    std::vector<std::int32_t> routing(kChoices + 1, kChoices);  // the activated list, its length
    std::iota(routing.begin(), routing.end() - 1, 0);
    const Table<std::int32_t> chosen = lab_.table(routing);
    const MakeTask make = [&](std::uint32_t block) {
      TaskDescriptor task;
      task.kind = TaskKind::kExpertLinear;
      ExpertLinearTask& e = task.expert_linear;
      e = {};
      e.weights = reinterpret_cast<const Bf16*>(lab_.fresh(std::size_t{2} * kIn * kRows));
      e.x = x_.get();
      e.expert = chosen.get();
      e.activated = chosen.get();
      e.y = y_.get() + std::size_t{block} * kRows * kChoices;
      e.in = kIn;
      e.rows = kRows;
      e.y_stride = kRows;
      e.top_k = kChoices;
      e.experts = kChoices;
      e.groups = kChoices;
      return task;
    };
    const StepRow step{1, 1, 0, 0};
    const char* const what = "an expert linear body";
    add_stream("expert_linear", 2.0 * kIn * kRows, time(what, 1, step, make).total_us,
               time(what, 1, step, make, true));
    add("expert_linear", "total_of_all", "us", time(what, lab_.sms(), step, make).total_us);
  }

  void small_expert_bodies() {
    constexpr std::uint32_t kTopK = 8;
    const auto router = [this](std::uint32_t experts) {
      return [this, experts](std::uint32_t) {
        TaskDescriptor task;
        task.kind = TaskKind::kTopkSoftmax;
        task.topk_softmax = {x_.get(), index(), y_.get(), index() + 1024,
                             experts,  experts, kTopK,    1};
        return task;
      };
    };
    small(TaskKind::kTopkSoftmax, 0.25, 4, router(64), router(256));
    const auto silu = [this](std::uint32_t choices) {
      return [this, choices](std::uint32_t) {
        TaskDescriptor task;
        task.kind = TaskKind::kExpertSiluMul;
        task.expert_silu_mul = {x_.get(), y_.get(), 768, kTopK, 0, 1, 0, choices};
        return task;
      };
    };
    small(TaskKind::kExpertSiluMul, 9, 8, silu(1), silu(8));
    const auto sum = [this](std::uint32_t columns) {
      return [this, columns](std::uint32_t) {
        TaskDescriptor task;
        task.kind = TaskKind::kWeightedSum;
        task.weighted_sum = {x_.get(), small_.get(), x_.get(), y_.get(), 2048, kTopK, 0, 1,
                             0,        columns};
        return task;
      };
    };
    small(TaskKind::kWeightedSum, 10, 8, sum(256), sum(2048));
  }

  // A body at two sizes: the first's activations in KiB, and how many times as many the second has.
  void small(TaskKind kind, double kib, double times_more, const MakeTask& one,
             const MakeTask& more) {
    const StepRow step{1, 1, 0, 0};
    const Samples first = time("a small body", 1, step, one).total_us;
    const Samples second = time("a small body", 1, step, more).total_us;
    const double slope = (median(second) - median(first)) / (kib * (times_more - 1));
    add(name_of(kind), "per_activation", "us", {std::max(0.0, slope)});
    Samples fixed = first;
    for (double& us : fixed) us = std::max(0.0, us - std::max(0.0, slope) * kib);
    add(name_of(kind), "fixed", "us", fixed);
  }

  void small_bodies() {
    const auto norm = [this](std::uint32_t width) {
      return [this, width](std::uint32_t) {
        TaskDescriptor task;
        task.kind = TaskKind::kRmsNorm;
        task.rmsnorm = {
            x_.get(), reinterpret_cast<const Bf16*>(small_.get()), y_.get(), width, 0, 1, 1e-5F};
        return task;
      };
    };
    small(TaskKind::kRmsNorm, 8, 4, norm(1024), norm(4096));
    const auto silu = [this](std::uint32_t width) {
      return [this, width](std::uint32_t) {
        TaskDescriptor task;
        task.kind = TaskKind::kSiluMul;
        task.silu_mul = {x_.get(), y_.get(), 2 * width, width, width};
        return task;
      };
    };
    small(TaskKind::kSiluMul, 6, 8, silu(512), silu(4096));
    const auto partial = [this](std::uint32_t count) {
      return [this, count](std::uint32_t) {
        TaskDescriptor task;
        task.kind = TaskKind::kArgmaxPartial;
        task.argmax_partial = {x_.get(), y_.get(), index(), count, 1, count, 0};
        return task;
      };
    };
    small(TaskKind::kArgmaxPartial, 4, 8, partial(1024), partial(8192));
    const auto reduce = [this](std::uint32_t parts) {
      return [this, parts](std::uint32_t) {
        TaskDescriptor task;
        task.kind = TaskKind::kArgmaxReduce;
        task.argmax_reduce =
            ArgmaxReduceTask::of_one(x_.get(), index(), index(), parts, parts, 0, 1);
        return task;
      };
    };
    small(TaskKind::kArgmaxReduce, 1, 4, reduce(128), reduce(512));
    const auto embedding = [this](std::uint32_t width) {
      return [this, width](std::uint32_t) {
        TaskDescriptor task;
        task.kind = TaskKind::kEmbedding;
        task.embedding = {reinterpret_cast<const Bf16*>(lab_.fresh(std::size_t{2} * width)),
                          index(),
                          y_.get(),
                          width,
                          width,
                          width,
                          1};
        return task;
      };
    };
    small(TaskKind::kEmbedding, 6, 4, embedding(1024), embedding(4096));
  }

  std::int32_t* index() const {
    return reinterpret_cast<std::int32_t*>(y_.get() + kActivations / 2);
  }

  Lab& lab_;
  Results& results_;
  Table<float> x_;
  Table<float> y_;
  Table<float> small_;  // norms' weights, positions' turns
  std::uint32_t work_bytes_ = 0;
};

}  // namespace

void measure_bodies(Lab& lab, Results& results) { BodyBench(lab, results).run(); }

}  // namespace mk::cuda::microbench
