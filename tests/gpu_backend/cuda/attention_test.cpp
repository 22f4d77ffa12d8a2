// Attention on CPU fibers against double precision: over contiguous caches and pages, whole and in
// parts of the context.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/gpu_backend/cuda/body_runs.h"

namespace mk::cuda::test {
namespace {

struct AttentionCase {
  std::uint32_t head_dim, group, context_before, new_tokens;
  bool qk_norm;
};

// One KV head's attention with its data, and what it should give.
struct AttentionProblem {
  AttentionProblem(const AttentionCase& c, std::uint64_t seed) : shape(c) {
    Random random(seed);
    const std::size_t positions = c.context_before + c.new_tokens;
    qkv = random.floats(std::size_t{c.new_tokens} * width());
    keys = random.bf16s(positions * c.head_dim);
    values = random.bf16s(positions * c.head_dim);
    q_norm = random.bf16s(c.head_dim);
    k_norm = random.bf16s(c.head_dim);
    for (std::size_t p = 0; p < positions; ++p) {
      for (std::uint32_t i = 0; i < c.head_dim; ++i) {
        const double angle = static_cast<double>(p) * std::pow(0.7, i % (c.head_dim / 2));
        rope.push_back(static_cast<float>(i < c.head_dim / 2 ? std::cos(angle) : std::sin(angle)));
      }
    }
    y.assign(std::size_t{c.new_tokens} * c.group * c.head_dim, NAN);
  }
  std::uint32_t width() const { return (shape.group + 2) * shape.head_dim; }

  TaskDescriptor task() {
    TaskDescriptor d;
    d.kind = TaskKind::kAttention;
    AttentionTask& a = d.attention;
    a.qkv = qkv.data();
    a.y = y.data();
    a.keys = keys.data();
    a.values = values.data();
    a.q_norm = shape.qk_norm ? q_norm.data() : nullptr;
    a.k_norm = shape.qk_norm ? k_norm.data() : nullptr;
    a.rope = rope.data();
    a.qkv_stride = width();
    a.y_stride = shape.group * shape.head_dim;
    a.y_head_stride = shape.head_dim;
    a.group = shape.group;
    a.head_dim = shape.head_dim;
    a.kv_heads = 1;
    a.end_position = 0xffffffffU;
    a.epsilon = 1e-6F;
    return d;
  }
  Step step() const { return {shape.new_tokens, 0, shape.new_tokens, shape.context_before}; }

  std::vector<double> turned(const float* row, const std::vector<Bf16>& norm,
                             std::size_t position) const {
    std::vector<double> v(row, row + shape.head_dim);
    if (shape.qk_norm) {
      double squares = 0;
      for (const double e : v) squares += e * e;
      for (std::size_t i = 0; i < v.size(); ++i) {
        v[i] *= to_float(norm[i]) / std::sqrt(squares / shape.head_dim + 1e-6);
      }
    }
    const std::size_t half = v.size() / 2;
    const float* const angle = rope.data() + position * shape.head_dim;
    for (std::size_t i = 0; i < half; ++i) {
      const double a = v[i];
      const double b = v[i + half];
      v[i] = a * angle[i] - b * angle[i + half];
      v[i + half] = b * angle[i] + a * angle[i + half];
    }
    return v;
  }

  // From caches as the task found them.
  std::vector<double> wanted() const {
    std::vector<std::vector<double>> k, v;
    for (std::size_t p = 0; p < shape.context_before; ++p) {
      k.push_back(row_of(keys, p));
      v.push_back(row_of(values, p));
    }
    std::vector<double> all;
    for (std::size_t t = 0; t < shape.new_tokens; ++t) {
      const float* const row = qkv.data() + t * width();
      const std::size_t position = shape.context_before + t;
      k.push_back(rounded(turned(row + shape.group * shape.head_dim, k_norm, position)));
      const float* const value = row + (shape.group + 1) * shape.head_dim;
      v.push_back(rounded(std::vector<double>(value, value + shape.head_dim)));
      for (std::size_t h = 0; h < shape.group; ++h) {
        const auto q = turned(row + h * shape.head_dim, q_norm, position);
        const auto out = softmax_of(q, k, v);
        all.insert(all.end(), out.begin(), out.end());
      }
    }
    return all;
  }

  std::vector<double> row_of(const std::vector<Bf16>& cache, std::size_t position) const {
    std::vector<double> row;
    for (std::size_t i = 0; i < shape.head_dim; ++i) {
      row.push_back(to_float(cache[position * shape.head_dim + i]));
    }
    return row;
  }
  static std::vector<double> rounded(std::vector<double> v) {
    for (double& e : v) e = to_float(to_bf16(static_cast<float>(e)));
    return v;
  }
  static std::vector<double> softmax_of(const std::vector<double>& q,
                                        const std::vector<std::vector<double>>& k,
                                        const std::vector<std::vector<double>>& v) {
    std::vector<double> out(q.size());
    double total = 0;
    for (std::size_t p = 0; p < k.size(); ++p) {
      double score = 0;
      for (std::size_t i = 0; i < q.size(); ++i) score += q[i] * k[p][i];
      const double share = std::exp(score / std::sqrt(static_cast<double>(q.size())));
      total += share;
      for (std::size_t i = 0; i < q.size(); ++i) out[i] += share * v[p][i];
    }
    for (double& e : out) e /= total;
    return out;
  }

  AttentionCase shape;
  std::vector<float> qkv, rope, y;
  std::vector<Bf16> keys, values, q_norm, k_norm;
};

class AttentionBody : public testing::TestWithParam<AttentionCase> {};

TEST_P(AttentionBody, AgreesWithDoublePrecision) {
  AttentionProblem problem(GetParam(), 3);
  const std::vector<double> wanted = problem.wanted();

  const std::string fault = run_tasks({problem.task()}, problem.step());

  EXPECT_EQ(fault, "");
  // A key that falls on the other side of a rounding to bf16 moves the result a little.
  EXPECT_LT(error_of(problem.y, wanted), 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Shapes, AttentionBody,
                         testing::Values(AttentionCase{64, 4, 0, 1, false},   // the first token
                                         AttentionCase{64, 4, 37, 1, false},  // Llama 3.2 1B
                                         AttentionCase{128, 2, 21, 1, true},  // Qwen3 0.6B
                                         AttentionCase{128, 4, 5, 3, true},
                                         AttentionCase{16, 3, 30, 2, true},
                                         AttentionCase{64, 3, 0, 6, false},   // a prompt; SmolLM2
                                         AttentionCase{64, 8, 11, 1, false},  // two passes
                                         AttentionCase{256, 1, 4, 1, true}));

TEST(AttentionBody, AppendsWhatItAttendsTo) {
  AttentionProblem problem({64, 2, 3, 2, true}, 9);
  const auto old_keys = problem.row_of(problem.keys, 2);

  EXPECT_EQ(run_tasks({problem.task()}, problem.step()), "");

  EXPECT_EQ(problem.row_of(problem.keys, 2), old_keys);
  const float* const second = problem.qkv.data() + problem.width();
  const auto key = problem.turned(second + 2 * 64, problem.k_norm, 4);
  const auto stored = problem.row_of(problem.keys, 4);
  for (std::size_t i = 0; i < 64; ++i) EXPECT_NEAR(stored[i], key[i], 0.005 * std::abs(key[i]));
  EXPECT_EQ(problem.row_of(problem.values, 4)[7], to_float(to_bf16(second[3 * 64 + 7])));
}

// The same rows, behind a page table: page i of the sequence lies at order[i], and between two
// pages of this head is one of another.
void lay_into_pages(AttentionProblem& problem, const std::vector<std::int32_t>& order,
                    std::uint32_t shift, TaskDescriptor& task) {
  const std::size_t row = problem.shape.head_dim;
  const std::size_t stride = 2 * (row << shift);
  for (std::vector<Bf16>* cache : {&problem.keys, &problem.values}) {
    std::vector<Bf16> paged(order.size() * stride, Bf16{0xffff});
    for (std::size_t p = 0; p * row < cache->size(); ++p) {
      const std::size_t to = static_cast<std::size_t>(order[p >> shift]) * stride +
                             (p & ((std::size_t{1} << shift) - 1)) * row;
      std::copy_n(cache->begin() + static_cast<std::ptrdiff_t>(p * row), row,
                  paged.begin() + static_cast<std::ptrdiff_t>(to));
    }
    *cache = paged;
  }
  task.attention.keys = problem.keys.data();
  task.attention.values = problem.values.data();
  task.attention.pages = order.data();
  task.attention.page_shift = shift;
  task.attention.page_stride = static_cast<std::uint32_t>(stride);
}

TEST(AttentionBody, GivesTheSameBitsWhereverPagesLie) {
  for (const AttentionCase& shape :
       {AttentionCase{128, 2, 21, 1, true}, AttentionCase{64, 3, 17, 6, false}}) {
    AttentionProblem whole(shape, 3);
    EXPECT_EQ(run_tasks({whole.task()}, whole.step()), "");
    for (const std::uint32_t shift : {2U, 3U, 5U}) {
      AttentionProblem paged(shape, 3);
      TaskDescriptor task = paged.task();
      std::vector<std::int32_t> order = {4, 1, 5, 0, 3, 2};
      std::erase_if(order, [&](std::int32_t page) { return page << shift >= 24; });
      lay_into_pages(paged, order, shift, task);
      EXPECT_EQ(run_tasks({task}, paged.step(), shift), "");
      EXPECT_EQ(paged.y, whole.y) << "pages of " << (1U << shift);
    }
  }
}

// Parts of a context, then their merge.
struct SplitProblem {
  SplitProblem(const AttentionCase& c, std::uint32_t parts, std::uint32_t positions)
      : problem(c, 3),
        partial(std::size_t{c.new_tokens} * c.group * parts * (c.head_dim + 2), NAN) {
    const std::uint32_t row = c.head_dim + 2;
    for (std::uint32_t part = 0; part < parts; ++part) {
      TaskDescriptor d = problem.task();
      d.attention.y = partial.data() + std::size_t{part} * row;
      d.attention.y_head_stride = parts * row;
      d.attention.y_stride = c.group * parts * row;
      d.attention.is_part = 1;
      d.attention.first_position = part * positions;
      if (part + 1 < parts) d.attention.end_position = (part + 1) * positions;
      tasks.push_back(d);
    }
    TaskDescriptor merge;
    merge.kind = TaskKind::kAttentionMerge;
    merge.attention_merge = {partial.data(),
                             problem.y.data(),
                             c.group * parts * row,
                             c.group * c.head_dim,
                             c.group,
                             c.head_dim,
                             parts,
                             0};
    tasks.push_back(merge);
  }
  AttentionProblem problem;
  std::vector<float> partial;
  std::vector<TaskDescriptor> tasks{};
};

TEST(AttentionBody, OfPartsOfAContextAgreesWithDoublePrecisionOnceMerged) {
  for (const AttentionCase& shape :
       {AttentionCase{64, 4, 37, 1, false}, AttentionCase{128, 2, 21, 3, true},
        AttentionCase{64, 8, 2, 5, true}}) {
    for (const std::uint32_t positions : {3U, 10U, 30U}) {
      SplitProblem split(shape, 3, positions);
      const auto wanted = split.problem.wanted();
      EXPECT_EQ(run_tasks(split.tasks, split.problem.step(), positions), "");
      EXPECT_LT(error_of(split.problem.y, wanted), 1e-3) << positions;
    }
  }
}

// Two KV heads in one task are two tasks of one.
TEST(AttentionBody, TakesSeveralKvHeads) {
  AttentionProblem one({64, 2, 21, 2, true}, 3);
  EXPECT_EQ(run_tasks({one.task()}, one.step()), "");
  AttentionProblem both({64, 2, 21, 2, true}, 3);
  const std::size_t width = both.width();
  std::vector<float> qkv;
  for (std::size_t t = 0; t < 2; ++t) {
    for (int head = 0; head < 2; ++head) {
      const auto row = both.qkv.begin() + static_cast<std::ptrdiff_t>(t * width);
      qkv.insert(qkv.end(), row, row + static_cast<std::ptrdiff_t>(width));
    }
  }
  const std::size_t cache = both.keys.size();
  for (std::vector<Bf16>* rows : {&both.keys, &both.values}) {
    const std::vector<Bf16> again = *rows;
    rows->insert(rows->end(), again.begin(), again.end());
  }
  std::vector<float> y(2 * both.y.size(), NAN);
  TaskDescriptor task = both.task();
  task.attention.qkv = qkv.data();
  task.attention.y = y.data();
  task.attention.qkv_stride *= 2;
  task.attention.y_stride *= 2;
  task.attention.kv_heads = 2;
  task.attention.kv_stride = static_cast<std::uint32_t>(cache);

  EXPECT_EQ(run_tasks({task}, both.step()), "");

  const auto at = [](std::size_t i) { return static_cast<std::ptrdiff_t>(i); };
  for (std::size_t t = 0; t < 2; ++t) {
    for (std::size_t head = 0; head < 2; ++head) {
      EXPECT_TRUE(std::equal(one.y.begin() + at(t * 128), one.y.begin() + at((t + 1) * 128),
                             y.begin() + at((2 * t + head) * 128)));
    }
  }
}

TEST(PlantedBug, AMissingBarrierInAttentionIsFound) {
  bool found = false;
  for (std::uint64_t seed = 0; seed < 10 && !found; ++seed) {
    AttentionProblem problem({64, 4, 37, 1, false}, 3);
    const auto wanted = problem.wanted();
    const std::string fault = run_tasks<SkipsSync>({problem.task()}, problem.step(), seed);
    found = !fault.empty() || !(error_of(problem.y, wanted) < 1e-3);
  }
  EXPECT_TRUE(found);
}
}  // namespace
}  // namespace mk::cuda::test
