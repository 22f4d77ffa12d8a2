// Task bodies, each alone on its SM: one SM at a time, or all at once with weights of their own.
//
// Weights and KV caches are read cold. A body that copies weights gives four figures: when its
// first chunk could be used, the rate from there to its last, what came after, and its spread
// where all SMs run it. The others give a fixed time and a time a KiB of activations.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "gpu_backend/cuda/microbench/body_fit.h"
#include "gpu_backend/cuda/microbench/body_runner.h"

namespace mk::cuda::microbench {
namespace {

class BodyBench : private BodyRunner {
 public:
  BodyBench(Lab& lab, Results& results) : BodyRunner(lab), results_(results) {}

  void run() {
    linear("linear", TaskKind::kLinear, LinearInput::kPlain, 1024);
    linear("norm_linear", TaskKind::kNormLinear, LinearInput::kNorm, 1024);
    linear("silu_linear", TaskKind::kSiluLinear, LinearInput::kSilu, 3072);
    linear_by_width();
    linear_flops();
    attention();
    small_bodies();
    expert_linear();
    small_expert_bodies();
  }

 private:
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

  Results& results_;
};

}  // namespace

void measure_bodies(Lab& lab, Results& results) { BodyBench(lab, results).run(); }

}  // namespace mk::cuda::microbench
