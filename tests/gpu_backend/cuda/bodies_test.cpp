// Each body but linears (linear_test.cpp) and attention (attention_test.cpp) on CPU fibers against
// double precision, with copies that land late and poisoned memory.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/gpu_backend/cuda/body_runs.h"

namespace mk::cuda::test {
namespace {

TEST(Bodies, ThatWouldFollowTheirInputDoNotRunWithoutIt) {
  FiberGrid::Options options = grid_options<Shape>(1);
  options.is_over = true;
  for (const TaskKind kind :
       {TaskKind::kExpertLinear, TaskKind::kAttention, TaskKind::kEmbedding}) {
    TaskDescriptor task{};  // null pointers
    task.kind = kind;
    FiberGrid grid(options);
    EXPECT_EQ(grid.run([&](FiberContext& c) {
      init_shared<Shape>(c);
      WarpStream stream;
      run_body<Shape>(c, stream, task, {.rows = 1, .first_row = 0, .new_tokens = 1});
    }),
              "");
  }
}

// A product's places among the lanes, as the PTX manual draws them.
TEST(FiberGrid, MultipliesMatricesThatAreSpreadOverTheLanes) {
  const std::vector<Bf16> a = Random(1).bf16s(16 * 16);
  const std::vector<Bf16> b = Random(2).bf16s(16 * 8);
  const std::vector<float> before = Random(3).floats(16 * 8);
  std::vector<float> after(16 * 8, NAN);
  const auto pair = [](const Bf16& low, const Bf16& high) {
    return low.bits | std::uint32_t{high.bits} << 16;
  };
  FiberGrid grid(grid_options(1));
  const std::string fault = grid.run([&](FiberContext& context) {
    const std::uint32_t g = context.lane() / 4;
    const std::uint32_t t = context.lane() % 4;
    const std::uint32_t left[4] = {pair(a[g * 16 + 2 * t], a[g * 16 + 2 * t + 1]),
                                   pair(a[(g + 8) * 16 + 2 * t], a[(g + 8) * 16 + 2 * t + 1]),
                                   pair(a[g * 16 + 2 * t + 8], a[g * 16 + 2 * t + 9]),
                                   pair(a[(g + 8) * 16 + 2 * t + 8], a[(g + 8) * 16 + 2 * t + 9])};
    const std::uint32_t right[2] = {pair(b[2 * t * 8 + g], b[(2 * t + 1) * 8 + g]),
                                    pair(b[(2 * t + 8) * 8 + g], b[(2 * t + 9) * 8 + g])};
    float c[4];
    for (std::uint32_t i = 0; i < 4; ++i) c[i] = before[(g + i / 2 * 8) * 8 + 2 * t + i % 2];
    context.mma(c, left, right);
    if (context.warp() != 0) return;
    for (std::uint32_t i = 0; i < 4; ++i) after[(g + i / 2 * 8) * 8 + 2 * t + i % 2] = c[i];
  });

  EXPECT_EQ(fault, "");
  std::vector<double> wanted(before.begin(), before.end());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    for (std::size_t k = 0; k < 16; ++k) {
      wanted[i] += double{to_float(a[i / 8 * 16 + k])} * to_float(b[k * 8 + i % 8]);
    }
  }
  EXPECT_LT(error_of(after, wanted), 2e-7);
}

// Parts of `devices` devices, put into one another's memory, then added up.
struct ExchangeProblem {
  static constexpr std::uint32_t kRows = 3, kStride = 200, kWidth = 150;

  ExchangeProblem(std::uint32_t devices, std::uint64_t seed) : random(seed) {
    for (std::uint32_t d = 0; d < devices; ++d) {
      own.push_back(random.floats(kRows * kStride));
      arrived.emplace_back(kRows * kStride, NAN);
    }
    sum.assign(kRows * kWidth, NAN);
  }
  TaskDescriptor put(std::uint32_t device) {
    TaskDescriptor task;
    task.kind = TaskKind::kPut;
    task.put.from[0] = reinterpret_cast<const std::uint32_t*>(own[device].data());
    task.put.to[0] = reinterpret_cast<std::uint32_t*>(arrived[device].data());
    task.put.tensors = 1;
    task.put.stride = kStride;
    task.put.width = kWidth;
    return task;
  }
  TaskDescriptor reduce() {
    TaskDescriptor task;
    task.kind = TaskKind::kReduce;
    task.reduce = {};
    for (std::uint32_t d = 0; d < own.size(); ++d) task.reduce.parts[d] = arrived[d].data();
    task.reduce.y = sum.data();
    task.reduce.devices = static_cast<std::uint32_t>(own.size());
    task.reduce.part_stride = kStride;
    task.reduce.y_stride = kWidth;
    task.reduce.width = kWidth;
    return task;
  }
  std::vector<double> wanted() const {
    std::vector<double> all(kRows * kWidth, 0.0);
    for (const std::vector<float>& part : own) {
      for (std::size_t i = 0; i < all.size(); ++i) {
        all[i] += static_cast<double>(part[i / kWidth * kStride + i % kWidth]);
      }
    }
    return all;
  }

  Random random;
  std::vector<std::vector<float>> own{}, arrived{};
  std::vector<float> sum{};
};

TEST(ExchangeBodies, AgreeWithDoublePrecision) {
  for (const std::uint32_t devices : {2U, 4U, 8U}) {
    ExchangeProblem problem(devices, devices);
    std::vector<TaskDescriptor> tasks;
    for (std::uint32_t d = 0; d < devices; ++d) tasks.push_back(problem.put(d));
    tasks.push_back(problem.reduce());

    EXPECT_EQ(run_tasks(tasks, {ExchangeProblem::kRows, 0, 0, 0}), "");
    EXPECT_LT(error_of(problem.sum, problem.wanted()), 1e-6);
    EXPECT_TRUE(std::isnan(problem.arrived[0][ExchangeProblem::kWidth])) << "only its columns";
  }
}

TEST(ExchangeBodies, LeaveRowsAloneThatAreNotLive) {
  ExchangeProblem problem(2, 1);
  EXPECT_EQ(run_tasks({problem.put(0), problem.put(1), problem.reduce()}, {1, 0, 0, 0}), "");
  EXPECT_TRUE(std::isnan(problem.arrived[0][ExchangeProblem::kStride]));
  EXPECT_TRUE(std::isnan(problem.sum[ExchangeProblem::kWidth]));
  EXPECT_FALSE(std::isnan(problem.sum[0]));
}

TEST(EmbeddingBody, CopiesRowsOfTheTable) {
  const std::vector<Bf16> table = Random(1).bf16s(10 * 32);
  const std::vector<std::int32_t> ids{7, 0, 3};
  std::vector<float> y(3 * 32, NAN);
  TaskDescriptor d;
  d.kind = TaskKind::kEmbedding;
  d.embedding = {table.data(), ids.data(), y.data(), 32, 32, 32, 10};

  EXPECT_EQ(run_tasks({d}, {.rows = 2}), "");

  EXPECT_EQ(y[5], to_float(table[7 * 32 + 5]));
  EXPECT_EQ(y[32 + 31], to_float(table[31]));
  EXPECT_TRUE(std::isnan(y[64]));
}

TEST(RmsNormBody, AgreesWithDoublePrecision) {
  Random random(2);
  const std::vector<float> x = random.floats(3 * 200);
  const std::vector<Bf16> weight = random.bf16s(200);
  std::vector<float> y(3 * 200, NAN);
  TaskDescriptor d;
  d.kind = TaskKind::kRmsNorm;
  d.rmsnorm = {x.data(), weight.data(), y.data(), 200, 0, 3, 1e-5F};

  EXPECT_EQ(run_tasks({d}, {.rows = 3}), "");

  std::vector<double> wanted;
  for (std::size_t t = 0; t < 3; ++t) {
    double squares = 0;
    for (std::size_t i = 0; i < 200; ++i) squares += double{x[t * 200 + i]} * x[t * 200 + i];
    for (std::size_t i = 0; i < 200; ++i) {
      wanted.push_back(x[t * 200 + i] / std::sqrt(squares / 200 + 1e-5) * to_float(weight[i]));
    }
  }
  EXPECT_LT(error_of(y, wanted), 2e-6);
}

TEST(SiluMulBody, AgreesWithDoublePrecision) {
  const std::vector<float> x = Random(2).floats(2 * 100);
  std::vector<float> y(2 * 50, NAN);
  TaskDescriptor d;
  d.kind = TaskKind::kSiluMul;
  d.silu_mul = {x.data(), y.data(), 100, 50, 50};

  EXPECT_EQ(run_tasks({d}, {.rows = 2}), "");

  std::vector<double> wanted;
  for (std::size_t i = 0; i < 100; ++i) {
    wanted.push_back(x[2 * i] / (1 + std::exp(-double{x[2 * i]})) * x[2 * i + 1]);
  }
  EXPECT_LT(error_of(y, wanted), 1e-6);
}

TEST(ArgmaxBodies, FindTheFirstOfTheLargest) {
  std::vector<float> logits = Random(2).floats(2 * 300);
  logits[140] = logits[260] = logits[7] = 9;
  logits[300 + 299] = 9;  // padding
  logits[300 + 200] = 8;
  std::vector<float> value(2 * 3, NAN);
  std::vector<std::int32_t> index(2 * 3, -1), token(2, -1);
  std::vector<TaskDescriptor> tasks(4);
  for (std::uint32_t part = 0; part < 3; ++part) {
    tasks[part].kind = TaskKind::kArgmaxPartial;
    tasks[part].argmax_partial = {
        logits.data() + 100 * part, value.data() + part, index.data() + part, 300, 3,
        part == 2 ? 98U : 100U,     100 * part};
  }
  tasks[3].kind = TaskKind::kArgmaxReduce;
  tasks[3].argmax_reduce =
      ArgmaxReduceTask::of_one(value.data(), index.data(), token.data(), 3, 3, 0, 2);

  EXPECT_EQ(run_tasks(tasks, {.rows = 2}), "");

  EXPECT_EQ(token, (std::vector<std::int32_t>{7, 200}));
}

TEST(FiberGrid, SaysThatThreadsWaitForEachOther) {
  FiberGrid grid(grid_options(1));
  const std::string fault = grid.run([](FiberContext& c) {
    if (c.thread() != 3) c.sync();
  });
  EXPECT_EQ(fault, "deadlock: every thread waits");
}

}  // namespace
}  // namespace mk::cuda::test
