// Each body but attention (attention_test.cpp) on CPU fibers against double precision, with copies
// that land late and poisoned memory.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/gpu_backend/cuda/body_runs.h"

namespace mk::cuda::test {
namespace {

struct LinearCase {
  std::uint32_t in, rows, tokens;
  LinearInput input = LinearInput::kPlain;
};

// The body of several tokens takes an input as two bf16 numbers, 2^-18 = 4e-6 of it off at most.
constexpr double kLargestError = 2e-6;
constexpr double kLargestErrorOfBatch = 5e-6;

// A linear task with its data, and what it should give.
struct LinearProblem {
  LinearProblem(const LinearCase& c, std::uint64_t seed) : shape(c) {
    Random random(seed);
    weights = random.bf16s(std::size_t{c.rows} * c.in + 8);
    norm = random.bf16s(c.in);
    x = random.floats(std::size_t{c.tokens} * x_width());
    residual = random.floats(std::size_t{c.tokens} * c.rows);
    y.assign(residual.size(), NAN);
  }
  std::uint32_t x_width() const {
    return shape.input == LinearInput::kSilu ? 2 * shape.in : shape.in;
  }
  std::uint32_t tiles() const { return shape.tokens == 1 ? 0 : (shape.tokens + 7) / 8; }
  // 16-byte alignment of the heap is that of the copies.
  TaskDescriptor task() {
    TaskDescriptor d;
    d.kind = shape.input == LinearInput::kPlain  ? TaskKind::kLinear
             : shape.input == LinearInput::kNorm ? TaskKind::kNormLinear
                                                 : TaskKind::kSiluLinear;
    d.linear = {weights.data(), x.data(),  residual.data(), y.data(),    norm.data(), shape.in,
                shape.rows,     x_width(), shape.rows,      shape.input, 1e-6F,       tiles()};
    return d;
  }
  double input(std::uint32_t t, std::uint32_t i) const {
    const float* const row = x.data() + std::size_t{t} * x_width();
    if (shape.input == LinearInput::kSilu) {
      const double gate = row[2 * i];
      return gate / (1 + std::exp(-gate)) * row[2 * i + 1];
    }
    if (shape.input == LinearInput::kPlain) return row[i];
    double squares = 0;
    for (std::uint32_t k = 0; k < shape.in; ++k) squares += double{row[k]} * row[k];
    return row[i] / std::sqrt(squares / shape.in + 1e-6) * to_float(norm[i]);
  }
  std::vector<double> wanted() const {
    std::vector<double> all;
    for (std::uint32_t t = 0; t < shape.tokens; ++t) {
      std::vector<double> in(shape.in);
      for (std::uint32_t i = 0; i < shape.in; ++i) in[i] = input(t, i);
      for (std::uint32_t r = 0; r < shape.rows; ++r) {
        double sum = residual[std::size_t{t} * shape.rows + r];
        for (std::uint32_t i = 0; i < shape.in; ++i) {
          sum += in[i] * to_float(weights[std::size_t{r} * shape.in + i]);
        }
        all.push_back(sum);
      }
    }
    return all;
  }

  LinearCase shape;
  std::vector<Bf16> weights, norm;
  std::vector<float> x, residual, y;
};

class LinearBody : public testing::TestWithParam<LinearCase> {};

TEST_P(LinearBody, AgreesWithDoublePrecision) {
  LinearProblem problem(GetParam(), 3);

  const std::string fault = run_tasks({problem.task()}, {.rows = GetParam().tokens});

  EXPECT_EQ(fault, "");
  EXPECT_LT(error_of(problem.y, problem.wanted()), 2e-6);
}

INSTANTIATE_TEST_SUITE_P(Shapes, LinearBody,
                         testing::Values(LinearCase{64, 7, 1},    // two rows a chunk, odd rows
                                         LinearCase{200, 16, 1},  // the last step of a row is short
                                         LinearCase{512, 5, 1},   // one row a chunk
                                         LinearCase{1544, 9, 1},  // four panels, the last is short
                                         LinearCase{512, 6, 1, LinearInput::kNorm},
                                         LinearCase{256, 6, 1, LinearInput::kSilu}));

// Several tokens: on a block of the device's chunks, whose panels are of several blocks of columns,
// and on a small one, where they have one.
using WideShape = BlockShape<3, 3, 4096>;
class BatchLinearBody : public testing::TestWithParam<LinearCase> {};

TEST_P(BatchLinearBody, AgreesWithDoublePrecision) {
  LinearProblem narrow(GetParam(), 3);
  LinearProblem wide(GetParam(), 4);

  EXPECT_EQ(run_tasks({narrow.task()}, {.rows = GetParam().tokens}), "");
  EXPECT_EQ((run_tasks<FiberContext, WideShape>({wide.task()}, {.rows = GetParam().tokens})), "");

  EXPECT_LT(error_of(narrow.y, narrow.wanted()), kLargestErrorOfBatch);
  EXPECT_LT(error_of(wide.y, wide.wanted()), kLargestErrorOfBatch);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, BatchLinearBody,
    testing::Values(LinearCase{512, 24, 8},   // whole groups, a whole tile
                    LinearCase{32, 8, 8},     // one block of columns: most warps have none
                    LinearCase{64, 5, 2},     // a group that is not full
                    LinearCase{1024, 9, 3},   // several panels
                    LinearCase{200, 16, 7},   // a lane in four has columns of the last block
                    LinearCase{1544, 17, 4},  // the last panel is shorter and ends amid a block
                    LinearCase{64, 140, 5},   // two stretches, with panels or without
                    LinearCase{256, 11, 9},   // two tiles
                    LinearCase{1024, 140, 16}, LinearCase{512, 6, 2, LinearInput::kNorm},
                    LinearCase{1544, 133, 3, LinearInput::kNorm},  // its scale in both stretches
                    LinearCase{328, 9, 12, LinearInput::kNorm},
                    LinearCase{256, 6, 3, LinearInput::kSilu},
                    LinearCase{712, 20, 16, LinearInput::kSilu}));

// The task's rows by fours.
std::vector<TaskDescriptor> cut_of(LinearProblem& problem) {
  std::vector<TaskDescriptor> parts;
  for (std::uint32_t row = 0; row < problem.shape.rows; row += 4) {
    TaskDescriptor part = problem.task();
    part.linear.weights += std::size_t{row} * problem.shape.in;
    part.linear.y += row;
    part.linear.residual += row;
    part.linear.rows = 4;
    parts.push_back(part);
  }
  return parts;
}

TEST(LinearBody, GivesTheSameBitsHoweverItIsCut) {
  LinearProblem whole({512, 12, 1}, 8);
  LinearProblem cut({512, 12, 1}, 8);

  EXPECT_EQ(run_tasks({whole.task()}, {.rows = 1}), "");
  EXPECT_EQ(run_tasks(cut_of(cut), {.rows = 1}, 7), "");

  EXPECT_EQ(whole.y, cut.y);
}

TEST(BatchLinearBody, GivesTheSameBitsHoweverItIsCutAndWhoIsLive) {
  LinearProblem whole({512, 12, 5, LinearInput::kNorm}, 8);
  LinearProblem cut({512, 12, 5, LinearInput::kNorm}, 8);
  LinearProblem first_token({512, 12, 5, LinearInput::kNorm}, 8);

  EXPECT_EQ(run_tasks({whole.task()}, {.rows = 5}), "");
  EXPECT_EQ(run_tasks(cut_of(cut), {.rows = 5}, 7), "");
  EXPECT_EQ(run_tasks({first_token.task()}, {.rows = 1}), "");

  EXPECT_EQ(whole.y, cut.y);
  EXPECT_TRUE(std::equal(first_token.y.begin(), first_token.y.begin() + 12, whole.y.begin()));
}

TEST(BatchLinearBody, GoesOnThroughTheRingFromTaskToTask) {
  LinearProblem a({512, 43, 3}, 1);
  LinearProblem b({200, 5, 3}, 2);
  LinearProblem c({512, 11, 1}, 3);
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    EXPECT_EQ(run_tasks({a.task(), b.task(), c.task(), a.task()}, {.rows = 3}, seed), "");
    EXPECT_LT(error_of(a.y, a.wanted()), kLargestErrorOfBatch);
    EXPECT_LT(error_of(b.y, b.wanted()), kLargestErrorOfBatch);
    EXPECT_LT(error_of(c.y, c.wanted()), kLargestError);
  }
}

TEST(BatchLinearBody, TakesOverWhatWasPreloaded) {
  for (const std::uint32_t tokens : {3U, 11U}) {
    LinearProblem a({512, 11, tokens}, 1);
    LinearProblem b({1544, 21, tokens}, 2);
    FiberGrid grid(grid_options(4));
    const std::string fault = grid.run([&](FiberContext& c) {
      init_shared<Shape>(c);
      WarpStream stream;
      const TaskDescriptor first = a.task();
      const TaskDescriptor second = b.task();
      run_body<Shape>(c, stream, first, {.rows = tokens});
      preload_task<Shape>(c, stream, second, nullptr, {.rows = tokens});
      EXPECT_EQ(stream.requested - stream.used, 2U);
      c.sync();
      run_body<Shape>(c, stream, second, {.rows = tokens});
    });
    EXPECT_EQ(fault, "");
    EXPECT_LT(error_of(b.y, b.wanted()), kLargestErrorOfBatch);
  }
}

TEST(LinearBody, LeavesDeadRowsAlone) {
  LinearProblem problem({64, 6, 4}, 3);

  EXPECT_EQ(run_tasks({problem.task()}, {.rows = 2}), "");

  EXPECT_FALSE(std::isnan(problem.y[11]));
  EXPECT_TRUE(std::isnan(problem.y[12]));
}

TEST(LinearBody, GoesOnThroughTheRingFromTaskToTask) {
  LinearProblem a({512, 11, 1}, 1);
  LinearProblem b({1544, 5, 1}, 2);
  LinearProblem c({64, 30, 1}, 3);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(run_tasks({a.task(), b.task(), c.task()}, {.rows = 1}, seed), "");
    EXPECT_LT(error_of(b.y, b.wanted()), 2e-6);
    EXPECT_LT(error_of(c.y, c.wanted()), 2e-6);
  }
}

TEST(LinearBody, TakesOverWhatWasPreloaded) {
  LinearProblem a({512, 11, 1}, 1);
  LinearProblem b({1544, 5, 1}, 2);
  FiberGrid grid(grid_options(4));
  const std::string fault = grid.run([&](FiberContext& c) {
    init_shared<Shape>(c);
    WarpStream stream;
    const TaskDescriptor first = a.task();
    const TaskDescriptor second = b.task();
    run_body<Shape>(c, stream, first, {.rows = 1});
    preload_linear<Shape>(c, stream, second.linear);
    c.sync();
    run_body<Shape>(c, stream, second, {.rows = 1});
  });
  EXPECT_EQ(fault, "");
  EXPECT_LT(error_of(b.y, b.wanted()), 2e-6);
}

TEST(LinearBody, TakesOverWhatWasPreloadedPastABodyThatDoesNotStream) {
  LinearProblem a({512, 11, 1}, 1);
  LinearProblem b({1544, 5, 1}, 2);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    FiberGrid grid(grid_options(seed));
    const std::string fault = grid.run([&](FiberContext& context) {
      init_shared<Shape>(context);
      WarpStream stream;
      const TaskDescriptor tasks[] = {TaskDescriptor{}, a.task(), b.task()};
      preload_task<Shape>(context, stream, tasks[0], &tasks[1], {.rows = 1});
      run_body<Shape>(context, stream, tasks[1], {.rows = 1});
      context.sync();
      preload_task<Shape>(context, stream, tasks[2], nullptr, {.rows = 1});
      run_body<Shape>(context, stream, tasks[2], {.rows = 1});
    });
    EXPECT_EQ(fault, "");
    EXPECT_LT(error_of(a.y, a.wanted()), 2e-6);
    EXPECT_LT(error_of(b.y, b.wanted()), 2e-6);
  }
}

// More warps than long chunks may be under way.
using Wide = BlockShape<9, 3, 4096>;
static_assert(Wide::kWarps > chunks_under_way(Wide::kChunkBytes));

// Two tasks one after the other; the first chunks of the second are requested in turn, until its
// input comes at a random instant (or all are). Returns how many of a warp's chunks came early, in
// all.
std::uint32_t run_with_requests_in_turn(const TaskDescriptor& first, const TaskDescriptor& second,
                                        std::uint32_t tokens, bool input_comes,
                                        std::uint64_t seed) {
  FiberGrid::Options options = grid_options<Wide>(seed);
  options.input_comes = input_comes;
  FiberGrid grid(options);
  std::uint32_t early = 0;
  EXPECT_EQ(grid.run([&](FiberContext& c) {
    init_shared<Wide>(c);
    WarpStream stream;
    run_body<Wide>(c, stream, first, {.rows = tokens});
    publish_used<Wide>(c, stream);
    c.sync();
    preload_linear<Wide>(c, stream, second.linear, Wide::kStages, true);
    if (c.lane() == 0) early += stream.requested - stream.used;
    c.sync();
    run_body<Wide>(c, stream, second, {.rows = tokens});
  }),
            "");
  return early;
}

TEST(LinearBody, TakesOverWhatWasRequestedInTurn) {
  for (const std::uint32_t tokens : {1U, 3U}) {
    const double largest = tokens == 1 ? 2e-6 : kLargestErrorOfBatch;
    for (const std::uint32_t in : {200U, 1544U}) {
      LinearProblem a({512, 11, tokens}, 1);
      LinearProblem b({in, 29, tokens}, 2);
      const std::uint32_t all = run_with_requests_in_turn(a.task(), b.task(), tokens, false, 1);
      EXPECT_LT(error_of(b.y, b.wanted()), largest);
      bool is_cut_short = false;
      for (std::uint64_t seed = 0; seed < 20; ++seed) {
        b.y.assign(b.y.size(), -1.0F);
        is_cut_short |= run_with_requests_in_turn(a.task(), b.task(), tokens, true, seed) < all;
        EXPECT_LT(error_of(b.y, b.wanted()), largest);
      }
      EXPECT_TRUE(is_cut_short) << tokens << " x " << in;
    }
  }
}

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

TEST(LinearBody, HasFewStagesInFlightBeforeItsEvent) {
  for (const auto& [shape, stages] :
       {std::pair{LinearCase{1544, 5, 1}, 2U}, std::pair{LinearCase{256, 11, 1}, 1U}}) {
    LinearProblem problem(shape, 1);
    FiberGrid grid(grid_options(4));
    const std::string fault = grid.run([&](FiberContext& c) {
      init_shared<Shape>(c);
      WarpStream stream;
      preload_task<Shape>(c, stream, problem.task(), nullptr, {.rows = 1});
      EXPECT_EQ(stream.requested, stages);
      run_body<Shape>(c, stream, problem.task(), {.rows = 1});
    });
    EXPECT_EQ(fault, "");
    EXPECT_LT(error_of(problem.y, problem.wanted()), 2e-6);
  }
}

// Planted bugs: each must be seen under at least one of a few schedules.
template <class Context>
bool is_found(const LinearCase& shape) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    LinearProblem problem(shape, 5);
    const std::string fault = run_tasks<Context>({problem.task()}, {.rows = shape.tokens}, seed);
    const double largest = shape.tokens == 1 ? kLargestError : kLargestErrorOfBatch;
    if (!fault.empty() || !(error_of(problem.y, problem.wanted()) < largest)) return true;
  }
  return false;
}

TEST(PlantedBug, AMissingWaitForACopyIsFound) { EXPECT_TRUE(is_found<SkipsWait>({512, 24, 1})); }
TEST(PlantedBug, AChunkReleasedTooEarlyIsFound) {
  EXPECT_TRUE(is_found<ReleasesEarly>({3000, 12, 1}));
}
TEST(PlantedBug, AMissingBarrierBehindTheStagedInputIsFound) {
  EXPECT_TRUE(is_found<SkipsSync>({512, 24, 1}));
}
TEST(PlantedBug, NoneIsFoundWhereThereIsNone) {
  EXPECT_FALSE(is_found<FiberContext>({512, 24, 1}));
}
TEST(PlantedBug, AMissingWaitForACopyIsFoundInABatch) {
  EXPECT_TRUE(is_found<SkipsWait>({512, 24, 4}));
}
TEST(PlantedBug, AChunkReleasedTooEarlyIsFoundInABatch) {
  EXPECT_TRUE(is_found<ReleasesEarly>({3000, 24, 4}));
}
TEST(PlantedBug, AMissingBarrierBehindThePartsOfSumsIsFound) {
  EXPECT_TRUE(is_found<SkipsSync>({512, 24, 4}));
}
TEST(PlantedBug, NoneIsFoundInABatchWhereThereIsNone) {
  EXPECT_FALSE(is_found<FiberContext>({512, 24, 4}));
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
