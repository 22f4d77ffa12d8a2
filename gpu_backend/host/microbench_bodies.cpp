#include "gpu_backend/host/microbench_bodies.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "gpu_backend/host/microbench_one_body.h"

namespace mk::microbench {
namespace {

using Builder = ComputationGraphBuilder;

constexpr std::uint32_t kTokens = 8;  // of bodies of several: a whole number of kDotsAtOnce
constexpr std::int64_t kEmbeddingWidth = 1024;

// More than the core's own caches hold.
std::vector<std::uint64_t> words_to_stream() {
  constexpr std::size_t kAssumed = 1 << 20;
  const long own = sysconf(_SC_LEVEL2_CACHE_SIZE);
  const std::size_t bytes = 2 * (own > 0 ? static_cast<std::size_t>(own) : kAssumed);
  return std::vector<std::uint64_t>(bytes / sizeof(std::uint64_t), 1);
}

// Activations of that width, which an embedding wrote.
TensorId activations(Builder& b, std::int64_t width) {
  return b.embedding("rows", b.weight("table", {64, width}));
}

BodySize linear(TaskKind kind, std::int64_t in, std::int64_t rows, std::uint32_t tokens) {
  return {
      tokens, tokens, [=](Builder& b) {
        const bool is_silu = kind == TaskKind::kSiluLinear;
        LinearOptions options{.silu_input = is_silu};
        if (kind == TaskKind::kNormLinear) options.norm = b.weight("norm", {in});
        b.linear("body", activations(b, is_silu ? 2 * in : in), b.weight("w", {rows, in}), options);
      }};
}

// A KV head with as many q heads as in SmolLM2.
BodySize attention(std::uint32_t tokens, std::uint32_t context) {
  return {tokens, context, [](Builder& b) {
            const AttentionParams params{.heads = 3, .kv_heads = 1, .head_dim = 64};
            const std::int64_t width = (params.heads + 2 * params.kv_heads) * params.head_dim;
            b.attention("body", activations(b, width), params);
          }};
}

BodySize embedding(std::uint32_t tokens, std::int64_t rows) {
  return {tokens, tokens, [rows](Builder& b) {
            b.embedding("body", b.weight("table", {rows, kEmbeddingWidth}));
          }};
}

BodySize rms_norm(std::uint32_t tokens) {
  return {tokens, tokens,
          [](Builder& b) { b.rmsnorm("body", activations(b, 1024), b.weight("norm", {1024})); }};
}

BodySize silu_mul(std::uint32_t tokens) {
  return {tokens, tokens, [](Builder& b) { b.silu_mul("body", activations(b, 2048)); }};
}

BodySize argmax(std::uint32_t tokens, std::uint32_t parts) {
  constexpr std::int64_t kVocabulary = 8192;
  return {tokens,
          tokens,
          [](Builder& b) { b.argmax(activations(b, kVocabulary), kVocabulary); },
          {{"argmax_partial", parts}}};
}

// Which figures bodies of a kind give.
enum class Gives {
  kConstants,   // what does not grow and what does; their arithmetic grows as their activations
  kArithmetic,  // the same, and the rate of arithmetic besides
  kRate,        // one size: GB/s of its weights
  kGflops,      // one size: its flops over its time
};

// Bodies of one kind, and what they took: by repetition, then by body.
struct Kind {
  std::string name{};
  Gives gives = Gives::kConstants;
  std::vector<OneBody> bodies{};
  std::vector<std::vector<BodyPoint>> points{};
};

class BodyBench {
 public:
  BodyBench(std::uint64_t weight_bytes, std::uint32_t repetitions,
            const std::function<void(std::string_view)>& announce)
      : weight_bytes_(weight_bytes), repetitions_(repetitions), announce_(announce) {}

  Status make() {
    Status made = make_linears();
    if (made) made = make_small_bodies();
    if (!made) return made;
    using enum TaskKind;
    return add(
        kAttention, Gives::kArithmetic,
        {attention(1, 64), attention(1, 512), attention(kTokens, 64), attention(kTokens, 512)});
  }

  // Cores of a machine that others use, too, are now fast and now slow, for a second or less at a
  // time. So the rounds of a repetition lie far apart, with those of all others between them, and
  // each repetition has its share of either.
  void measure() {
    constexpr std::uint32_t kRounds = 8;
    for (std::uint32_t round = 0; round < kRounds * repetitions_; ++round) {
      for (Kind& kind : kinds_) {
        std::vector<BodyPoint>& points = kind.points[round % repetitions_];
        for (std::size_t b = 0; b < kind.bodies.size(); ++b) {
          const BodyPoint point = run(kind, kind.bodies[b]);
          points[b].kib = point.kib;
          points[b].flops = point.flops;
          points[b].us += point.us / kRounds;
        }
      }
    }
  }

  std::vector<BodyFigure> figures() {
    for (const Kind& kind : kinds_) {
      if (kind.gives == Gives::kRate || kind.gives == Gives::kGflops) {
        add_rate(kind);
      } else {
        add_times(kind);
      }
    }
    return std::move(figures_);
  }

 private:
  Status make_linears() {
    using enum TaskKind;
    for (const TaskKind kind : {kLinear, kNormLinear, kSiluLinear}) {
      const Status added = add(kind, Gives::kArithmetic,
                               {linear(kind, 512, 256, kTokens), linear(kind, 512, 4, kTokens),
                                linear(kind, 2048, 64, kTokens), linear(kind, 2048, 4, kTokens)});
      if (!added) return added;
    }
    const Status added = add(kLinear, Gives::kRate, {linear(kLinear, 1024, 128, 1)});
    return added ? add(kLinear, Gives::kGflops, {streaming_linear()}) : added;
  }

  // Its weights come from memory: arithmetic waits for them now and then.
  BodySize streaming_linear() const {
    constexpr std::int64_t kIn = 1024;
    constexpr std::uint32_t kRows = 128;
    const auto tasks =
        static_cast<std::uint32_t>(std::max<std::uint64_t>(1, weight_bytes_ / (2 * kIn * kRows)));
    BodySize size = linear(TaskKind::kLinear, kIn, std::int64_t{kRows} * tasks, kTokens);
    size.tasks_of["body"] = tasks;
    return size;
  }

  Status make_small_bodies() {
    using enum TaskKind;
    const auto rows = static_cast<std::int64_t>(weight_bytes_) / (2 * kEmbeddingWidth);
    const std::pair<TaskKind, std::vector<BodySize>> kinds[] = {
        {kEmbedding, {embedding(1, rows), embedding(kTokens, rows)}},
        {kRmsNorm, {rms_norm(1), rms_norm(kTokens)}},
        {kSiluMul, {silu_mul(1), silu_mul(kTokens)}},
        {kArgmaxPartial, {argmax(1, 1), argmax(kTokens, 1)}},
        {kArgmaxReduce, {argmax(1, 64), argmax(kTokens, 64)}}};
    for (const auto& [kind, sizes] : kinds) {
      if (Status added = add(kind, Gives::kConstants, sizes); !added) return added;
    }
    return {};
  }

  Status add(TaskKind kind, Gives gives, const std::vector<BodySize>& sizes) {
    Kind added{.name = fmt::format("body_{}", name_of(kind)), .gives = gives};
    announce_(added.name);
    for (const BodySize& size : sizes) {
      Result<OneBody> body = OneBody::make(kind, size);
      if (!body) return tl::unexpected(body.error());
      added.bodies.push_back(std::move(*body));
    }
    added.points.assign(repetitions_, std::vector<BodyPoint>(sizes.size()));
    kinds_.push_back(std::move(added));
    return {};
  }

  // In a run linears and attention follow their like, and small bodies a linear.
  BodyPoint run(const Kind& kind, OneBody& body) {
    return kind.gives == Gives::kConstants ? body.behind(words_) : body.repeated();
  }

  void add_rate(const Kind& kind) {
    const bool is_stream = kind.gives == Gives::kRate;
    Samples samples;
    for (const std::vector<BodyPoint>& points : kind.points) {
      const double amount = is_stream ? kind.bodies.front().weight_bytes() : points.front().flops;
      samples.push_back(amount * 1e-3 / points.front().us);
    }
    figures_.push_back({kind.name + (is_stream ? "_rate" : "_gflops_streaming"),
                        is_stream ? "GB/s" : "Gflop/s", std::move(samples)});
  }

  void add_times(const Kind& kind) {
    const bool is_small = kind.gives == Gives::kConstants;
    Samples gflops;
    Samples fixed;
    Samples per_activation;
    for (const std::vector<BodyPoint>& points : kind.points) {
      const BodyTimes times =
          fit_body(points, is_small ? Arithmetic::kInActivations : Arithmetic::kApart);
      if (times.per_flop > 0) gflops.push_back(1e-3 / times.per_flop);
      fixed.push_back(times.fixed);
      per_activation.push_back(times.per_activation);
    }
    // None of small bodies. (Nor on a machine so much disturbed that more arithmetic takes no
    // longer.)
    if (!gflops.empty()) figures_.push_back({kind.name + "_gflops", "Gflop/s", std::move(gflops)});
    figures_.push_back({kind.name + "_fixed", "us", std::move(fixed)});
    figures_.push_back({kind.name + "_per_activation", "us", std::move(per_activation)});
  }

  std::uint64_t weight_bytes_;
  std::uint32_t repetitions_;
  const std::function<void(std::string_view)>& announce_;
  std::vector<std::uint64_t> words_ = words_to_stream();
  std::vector<Kind> kinds_{};
  std::vector<BodyFigure> figures_{};
};

}  // namespace

Result<std::vector<BodyFigure>> bodies(std::uint64_t weight_bytes, std::uint32_t repetitions,
                                       const std::function<void(std::string_view)>& announce) {
  BodyBench bench(weight_bytes, repetitions, announce);
  if (Status made = bench.make(); !made) return tl::unexpected(made.error());
  announce("bodies");
  bench.measure();
  return bench.figures();
}

}  // namespace mk::microbench
