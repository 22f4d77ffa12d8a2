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

  void run(const Kernels& kernels, std::int64_t first, std::int64_t count) {
    const std::int64_t y_width = shape.group * shape.head_dim;
    kernels.of<W>().attention({.qkv = qkv.data() + first * width,
                               .y = y.data() + first * y_width,
                               .keys = keys.data(),
                               .values = values.data(),
                               .q_norm = shape.norm ? q_norm.data() : nullptr,
                               .k_norm = shape.norm ? k_norm.data() : nullptr,
                               .rope = rope.data(),
                               .qkv_stride = width,
                               .y_stride = y_width,
                               .context_before = first,
                               .new_tokens = count,
                               .group = shape.group,
                               .head_dim = shape.head_dim,
                               .epsilon = 1e-6F});
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
