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

// Of what runs on the thread before a body: itself, so that all it needs is in the first caches, or
// a linear that has streamed its weights through them.
enum class Before { kItself, kStream };

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

class BodyBench {
 public:
  BodyBench(std::uint64_t weight_bytes, std::uint32_t repetitions,
            const std::function<void(std::string_view)>& announce)
      : weight_bytes_(weight_bytes), repetitions_(repetitions), announce_(announce) {}

  Status measure() {
    for (const TaskKind kind : {TaskKind::kLinear, TaskKind::kNormLinear, TaskKind::kSiluLinear}) {
      if (Status done =
              arithmetic(kind, {linear(kind, 512, 256, kTokens), linear(kind, 512, 4, kTokens),
                                linear(kind, 2048, 64, kTokens), linear(kind, 2048, 4, kTokens)});
          !done) {
        return done;
      }
    }
    if (Status done = linear_of_one(); !done) return done;
    if (Status done = streaming_linear(); !done) return done;
    if (Status done = arithmetic(
            TaskKind::kAttention,
            {attention(1, 64), attention(1, 512), attention(kTokens, 64), attention(kTokens, 512)});
        !done) {
      return done;
    }
    return small_bodies();
  }

  std::vector<BodyFigure> figures() && { return std::move(figures_); }

 private:
  Status small_bodies() {
    const auto rows = static_cast<std::int64_t>(weight_bytes_) / (2 * kEmbeddingWidth);
    const std::pair<TaskKind, std::vector<BodySize>> kinds[] = {
        {TaskKind::kEmbedding, {embedding(1, rows), embedding(kTokens, rows)}},
        {TaskKind::kRmsNorm, {rms_norm(1), rms_norm(kTokens)}},
        {TaskKind::kSiluMul, {silu_mul(1), silu_mul(kTokens)}},
        {TaskKind::kArgmaxPartial, {argmax(1, 1), argmax(kTokens, 1)}},
        {TaskKind::kArgmaxReduce, {argmax(1, 64), argmax(kTokens, 64)}}};
    for (const auto& [kind, sizes] : kinds) {
      const Result<std::vector<BodyTimes>> times =
          time(kind, sizes, Arithmetic::kInActivations, Before::kStream);
      if (!times) return tl::unexpected(times.error());
      add_constants(kind, *times);
    }
    return {};
  }

  Status arithmetic(TaskKind kind, const std::vector<BodySize>& sizes) {
    const Result<std::vector<BodyTimes>> times =
        time(kind, sizes, Arithmetic::kApart, Before::kItself);
    if (!times) return tl::unexpected(times.error());
    Samples gflops;
    for (const BodyTimes& t : *times) {
      if (t.per_flop > 0) gflops.push_back(1e-3 / t.per_flop);
    }
    // The fused kinds have the loop of the plain one. On a machine that is much disturbed there may
    // be no fit in which more arithmetic takes longer.
    const bool is_own = kind == TaskKind::kLinear || kind == TaskKind::kAttention;
    if (is_own && !gflops.empty()) {
      figures_.push_back({fmt::format("body_{}_gflops", name_of(kind)), "Gflop/s", gflops});
    }
    add_constants(kind, *times);
    return {};
  }

  // Weights that lie in the cache: no body of one token streams faster.
  Status linear_of_one() {
    Result<OneBody> body =
        OneBody::make(TaskKind::kLinear, linear(TaskKind::kLinear, 1024, 128, 1));
    if (!body) return tl::unexpected(body.error());
    Samples rates;
    for (std::uint32_t r = 0; r < repetitions_; ++r) {
      rates.push_back(body->weight_bytes() * 1e-3 / body->repeated().us);
    }
    figures_.push_back({"body_linear_rate", "GB/s", std::move(rates)});
    return {};
  }

  // Arithmetic on weights that come from memory, for which it waits now and then.
  Status streaming_linear() {
    constexpr std::int64_t kIn = 1024;
    constexpr std::uint32_t kRows = 128;
    const auto bodies =
        static_cast<std::uint32_t>(std::max<std::uint64_t>(1, weight_bytes_ / (2 * kIn * kRows)));
    BodySize size = linear(TaskKind::kLinear, kIn, std::int64_t{kRows} * bodies, kTokens);
    size.tasks_of["body"] = bodies;
    Result<OneBody> body = OneBody::make(TaskKind::kLinear, size);
    if (!body) return tl::unexpected(body.error());
    Samples gflops;
    constexpr std::uint32_t kMore = 8;  // since memory is shared, and its mood lasts
    for (std::uint32_t r = 0; r < kMore * repetitions_; ++r) {
      const BodyPoint point = body->repeated();
      gflops.push_back(point.flops * 1e-3 / point.us);
    }
    figures_.push_back({"body_linear_gflops_streaming", "Gflop/s", std::move(gflops)});
    return {};
  }

  void add_constants(TaskKind kind, const std::vector<BodyTimes>& times) {
    Samples fixed;
    Samples per_activation;
    for (const BodyTimes& t : times) {
      fixed.push_back(t.fixed);
      per_activation.push_back(t.per_activation);
    }
    figures_.push_back({fmt::format("body_{}_fixed", name_of(kind)), "us", fixed});
    figures_.push_back(
        {fmt::format("body_{}_per_activation", name_of(kind)), "us", per_activation});
  }

  // All sizes in turn, so that each repetition has its own fit: what disturbs one is one sample.
  Result<std::vector<BodyTimes>> time(TaskKind kind, const std::vector<BodySize>& sizes,
                                      Arithmetic arithmetic, Before before) {
    announce_(fmt::format("body_{}", name_of(kind)));
    std::vector<OneBody> bodies;
    for (const BodySize& size : sizes) {
      Result<OneBody> body = OneBody::make(kind, size);
      if (!body) return tl::unexpected(body.error());
      bodies.push_back(std::move(*body));
    }
    std::vector<BodyTimes> times;
    for (std::uint32_t r = 0; r < repetitions_; ++r) {
      std::vector<BodyPoint> points;
      for (OneBody& body : bodies) {
        points.push_back(before == Before::kItself ? body.repeated() : body.behind(words_));
      }
      times.push_back(fit_body(points, arithmetic));
    }
    return times;
  }

  std::uint64_t weight_bytes_;
  std::uint32_t repetitions_;
  const std::function<void(std::string_view)>& announce_;
  std::vector<std::uint64_t> words_ = words_to_stream();
  std::vector<BodyFigure> figures_{};
};

}  // namespace

Result<std::vector<BodyFigure>> bodies(std::uint64_t weight_bytes, std::uint32_t repetitions,
                                       const std::function<void(std::string_view)>& announce) {
  BodyBench bench(weight_bytes, repetitions, announce);
  if (Status measured = bench.measure(); !measured) return tl::unexpected(measured.error());
  return std::move(bench).figures();
}

}  // namespace mk::microbench
