#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "tests/gpu_backend/host/bodies/kernel_values.h"

namespace mk {
namespace {

using kernel_test::EachIsa;
using kernel_test::narrow;
using kernel_test::numbers;
using kernel_test::widen;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Case {
  std::int64_t group = 1;
  std::int64_t head_dim = 64;
  std::int64_t tokens = 1;
  bool norm = false;
};

// Cosines and sines of position * 100^(-2 i / head_dim).
std::vector<float> turns(std::int64_t positions, std::int64_t head_dim) {
  std::vector<float> table(static_cast<std::size_t>(positions * head_dim));
  for (std::int64_t p = 0; p < positions; ++p) {
    for (std::int64_t i = 0; i < head_dim / 2; ++i) {
      const double angle =
          static_cast<double>(p) *
          std::pow(100.0, -2.0 * static_cast<double>(i) / static_cast<double>(head_dim));
      const auto at = static_cast<std::size_t>(p * head_dim + i);
      table[at] = static_cast<float>(std::cos(angle));
      table[at + static_cast<std::size_t>(head_dim / 2)] = static_cast<float>(std::sin(angle));
    }
  }
  return table;
}

// One request on one KV head, fed in chunks; what the kernel needs, and what it has written.
template <typename W>
struct Sequence {
  explicit Sequence(const Case& c)
      : shape(c),
        width((c.group + 2) * c.head_dim),
        qkv(numbers(c.tokens * width, 1)),
        q_norm(numbers<W>(c.head_dim, 2)),
        k_norm(numbers<W>(c.head_dim, 3)),
        rope(turns(c.tokens, c.head_dim)),
        keys(static_cast<std::size_t>(c.tokens * c.head_dim), narrow<W>(kNan)),
        values(keys),
        y(static_cast<std::size_t>(c.tokens * c.group * c.head_dim), kNan) {}

  AttentionArgs<W> args(std::int64_t first, std::int64_t count) {
    const std::int64_t y_width = shape.group * shape.head_dim;
    return {.qkv = qkv.data() + first * width,
            .y = y.data() + first * y_width,
            .keys = keys.data(),
            .values = values.data(),
            .q_norm = shape.norm ? q_norm.data() : nullptr,
            .k_norm = shape.norm ? k_norm.data() : nullptr,
            .rope = rope.data(),
            .qkv_stride = width,
            .y_stride = y_width,
            .y_head_stride = shape.head_dim,
            .context_before = first,
            .new_tokens = count,
            .group = shape.group,
            .head_dim = shape.head_dim,
            .epsilon = 1e-6F};
  }
  void run(const Kernels& kernels, std::int64_t first, std::int64_t count) {
    kernels.of<W>().attention(args(first, count));
  }

  Case shape;
  std::int64_t width;
  std::vector<float> qkv;
  std::vector<W> q_norm;
  std::vector<W> k_norm;
  std::vector<float> rope;
  std::vector<W> keys;
  std::vector<W> values;
  std::vector<float> y;
};

// Head `head` of a token's row, normed and turned, in double.
template <typename W>
std::vector<double> naive_head(const Sequence<W>& s, std::int64_t token, std::int64_t head,
                               const std::vector<W>& norm) {
  const std::int64_t dim = s.shape.head_dim;
  const float* from = s.qkv.data() + token * s.width + head * dim;
  std::vector<double> x(from, from + dim);
  if (s.shape.norm) {
    double squares = 0;
    for (const double v : x) squares += v * v;
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] *= widen(norm[i]) / std::sqrt(squares / static_cast<double>(dim) + 1e-6);
    }
  }
  std::vector<double> turned(x);
  const std::size_t half = x.size() / 2;
  for (std::size_t i = 0; i < half; ++i) {
    const double cosine = s.rope[static_cast<std::size_t>(token * dim) + i];
    const double sine = s.rope[static_cast<std::size_t>(token * dim) + half + i];
    turned[i] = x[i] * cosine - x[i + half] * sine;
    turned[i + half] = x[i + half] * cosine + x[i] * sine;
  }
  return turned;
}

template <typename W>
std::vector<double> naive_attention(const Sequence<W>& s, std::int64_t token, std::int64_t head) {
  const auto dim = static_cast<std::size_t>(s.shape.head_dim);
  const std::vector<double> q = naive_head(s, token, head, s.q_norm);
  std::vector<double> weight;
  double sum = 0;
  for (std::int64_t p = 0; p <= token; ++p) {
    const std::vector<double> k = naive_head(s, p, s.shape.group, s.k_norm);
    double score = 0;
    for (std::size_t i = 0; i < dim; ++i)
      score += q[i] * widen(narrow<W>(static_cast<float>(k[i])));
    weight.push_back(std::exp(score / std::sqrt(static_cast<double>(dim))));
    sum += weight.back();
  }
  std::vector<double> y(dim);
  for (std::int64_t p = 0; p <= token; ++p) {
    const float* v = s.qkv.data() + p * s.width + (s.shape.group + 1) * s.shape.head_dim;
    for (std::size_t i = 0; i < dim; ++i) {
      y[i] += weight[static_cast<std::size_t>(p)] / sum * widen(narrow<W>(v[i]));
    }
  }
  return y;
}

template <typename W>
void expect_close_to_naive(const Kernels& kernels, const Case& shape, double tolerance) {
  Sequence<W> s(shape);
  s.run(kernels, 0, shape.tokens);
  for (std::int64_t t = 0; t < shape.tokens; t += 13) {
    for (std::int64_t h = 0; h < shape.group; ++h) {
      const std::vector<double> expected = naive_attention(s, t, h);
      const std::int64_t row = (t * shape.group + h) * shape.head_dim;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        ASSERT_NEAR(s.y[static_cast<std::size_t>(row) + i], expected[i], tolerance)
            << "token " << t << " head " << h << " element " << i;
      }
    }
  }
}

using AttentionKernel = EachIsa;
INSTANTIATE_TEST_SUITE_P(, AttentionKernel, testing::ValuesIn(supported_isas()),
                         kernel_test::isa_name);

TEST_P(AttentionKernel, EqualsTheNaiveSoftmaxInF32) {
  expect_close_to_naive<float>(kernels(), {.group = 3, .head_dim = 64, .tokens = 150}, 2e-6);
  expect_close_to_naive<float>(kernels(), {.group = 1, .head_dim = 10, .tokens = 66}, 2e-6);
  expect_close_to_naive<float>(kernels(), {.group = 9, .head_dim = 80, .tokens = 40}, 2e-6);
}

TEST_P(AttentionKernel, EqualsTheNaiveSoftmaxOverRoundedKeysAndValuesInBf16) {
  expect_close_to_naive<Bf16>(kernels(), {.group = 3, .head_dim = 64, .tokens = 150}, 1e-4);
}

TEST_P(AttentionKernel, NormsQueriesAndKeysWhereThereAreWeights) {
  expect_close_to_naive<float>(kernels(), {.group = 2, .head_dim = 128, .tokens = 70, .norm = true},
                               2e-6);
}

TEST_P(AttentionKernel, GivesATokenTheSameBitsAloneAndInAChunk) {
  const Case shape{.group = 3, .head_dim = 48, .tokens = 130, .norm = true};
  Sequence<Bf16> whole(shape);
  whole.run(kernels(), 0, 130);

  Sequence<Bf16> chunks(shape);
  chunks.run(kernels(), 0, 7);
  for (std::int64_t t = 7; t < 100; ++t) chunks.run(kernels(), t, 1);
  chunks.run(kernels(), 100, 30);

  EXPECT_EQ(chunks.y, whole.y);
  EXPECT_EQ(chunks.keys, whole.keys);
  EXPECT_EQ(chunks.values, whole.values);
}

// Pages of one KV head, `order` the page of each run of positions.
struct Paging {
  std::int64_t positions = 0;
  std::vector<std::int32_t> order{};
};

TEST_P(AttentionKernel, GivesTheSameBitsWhereverPagesLie) {
  const Case shape{.group = 3, .head_dim = 48, .tokens = 130, .norm = true};
  Sequence<Bf16> whole(shape);
  whole.run(kernels(), 0, 130);
  const Paging pagings[] = {{64, {2, 0, 1}}, {32, {1, 4, 0, 3, 2}}, {128, {1, 0}}};
  for (const Paging& paging : pagings) {
    Sequence<Bf16> paged(shape);
    // Between two pages of this head lies one of another.
    const std::int64_t stride = 2 * paging.positions * shape.head_dim;
    paged.keys.assign(paging.order.size() * static_cast<std::size_t>(stride), narrow<Bf16>(kNan));
    paged.values = paged.keys;
    AttentionArgs<Bf16> args = paged.args(0, 101);
    args.pages = paging.order.data();
    args.page_positions = paging.positions;
    args.page_stride = stride;
    kernels().bf16.attention(args);
    const AttentionArgs<Bf16> later = paged.args(101, 29);
    args.qkv = later.qkv, args.y = later.y;
    args.context_before = 101, args.new_tokens = 29;
    kernels().bf16.attention(args);

    EXPECT_EQ(paged.y, whole.y) << paging.positions;
  }
}

// y of one token from its parts, in double precision.
std::vector<double> merged(const float* parts, std::int64_t count, std::int64_t head_dim) {
  const auto row = static_cast<std::size_t>(head_dim + 2);
  double largest = -INFINITY, total = 0;
  for (std::int64_t s = 0; s < count; ++s)
    largest = std::max<double>(largest, parts[static_cast<std::size_t>(s) * row + row - 2]);
  std::vector<double> y(static_cast<std::size_t>(head_dim));
  for (std::int64_t s = 0; s < count; ++s) {
    const float* part = parts + static_cast<std::size_t>(s) * row;
    const double share = std::exp(part[row - 2] - largest);
    total += share * part[row - 1];
    for (std::size_t i = 0; i < y.size(); ++i) y[i] += share * part[i];
  }
  for (double& v : y) v /= total;
  return y;
}

TEST_P(AttentionKernel, OfPartsAddsUpToTheNaiveSoftmax) {
  const Case shape{.group = 2, .head_dim = 32, .tokens = 90, .norm = true};
  constexpr std::int64_t kParts = 3;
  constexpr std::int64_t kPositions = 37;
  Sequence<float> s(shape);
  const std::int64_t head_stride = kParts * (shape.head_dim + 2);
  std::vector<float> partial(static_cast<std::size_t>(90 * 2 * head_stride), kNan);
  for (std::int64_t part = 0; part < kParts; ++part) {
    AttentionArgs<float> args = s.args(0, 90);
    args.y = partial.data() + part * (shape.head_dim + 2);
    args.y_head_stride = head_stride;
    args.y_stride = 2 * head_stride;
    args.is_part = true;
    args.first_position = part * kPositions;
    args.end_position = part + 1 == kParts ? 1000 : args.first_position + kPositions;
    kernels().f32.attention(args);
  }
  for (const std::int64_t token : {0, 36, 37, 80, 89}) {
    const std::vector<double> expected = naive_attention(s, token, 1);
    const std::vector<double> found =
        merged(partial.data() + (token * 2 + 1) * head_stride, kParts, shape.head_dim);
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 2e-6);
  }
  EXPECT_EQ(partial[static_cast<std::size_t>(shape.head_dim + 2 + shape.head_dim)], -INFINITY)
      << "token 0 has no position in part 1";
}

TEST_P(AttentionKernel, ReadsNoPositionAfterTheTokenAndWritesOnlyItsOwn) {
  Sequence<float> s({.group = 2, .head_dim = 16, .tokens = 90});
  s.run(kernels(), 0, 65);
  const std::vector<float> before = s.keys;

  s.run(kernels(), 65, 3);

  for (std::int64_t p = 0; p < 90; ++p) {
    const auto at = static_cast<std::size_t>(p * 16);
    if (p < 65) {
      EXPECT_EQ(s.keys[at], before[at]) << p;
    }
    EXPECT_EQ(std::isnan(s.keys[at]), p >= 68) << p;
    EXPECT_EQ(std::isnan(s.y[static_cast<std::size_t>(p * 32)]), p >= 68) << p;
  }
}

TEST_P(AttentionKernel, SurvivesScoresFarApart) {
  Sequence<float> s({.group = 1, .head_dim = 16, .tokens = 100});
  for (float& v : s.qkv) v *= 100;

  s.run(kernels(), 0, 100);

  for (const float y : s.y) EXPECT_TRUE(std::abs(y) <= 100.01F) << y;
}

}  // namespace
}  // namespace mk
