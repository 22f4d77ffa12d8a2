// The linear bodies on CPU fibers against double precision, with copies that land late and poisoned
// memory.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/gpu_backend/cuda/body_runs.h"

namespace mk::cuda::test {
namespace {

struct LinearCase {
  std::uint32_t in, rows, tokens;
  LinearInput input = LinearInput::kPlain;
  bool gated = false;
};

double silu(double x) { return x / (1 + std::exp(-x)); }

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
    if (!c.gated) residual = random.floats(std::size_t{c.tokens} * c.rows);
    y.assign(std::size_t{c.tokens} * y_width(), NAN);
  }
  std::uint32_t y_width() const { return shape.gated ? shape.rows / 2 : shape.rows; }
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
    d.linear = {weights.data(),
                x.data(),
                shape.gated ? nullptr : residual.data(),
                y.data(),
                norm.data(),
                shape.in,
                shape.rows,
                x_width(),
                y_width(),
                shape.input,
                1e-6F,
                tiles(),
                shape.gated ? 1U : 0U};
    return d;
  }
  double input(std::uint32_t t, std::uint32_t i) const {
    const float* const row = x.data() + std::size_t{t} * x_width();
    if (shape.input == LinearInput::kSilu) {
      return silu(row[2 * i]) * row[2 * i + 1];
    }
    if (shape.input == LinearInput::kPlain) return row[i];
    double squares = 0;
    for (std::uint32_t k = 0; k < shape.in; ++k) squares += double{row[k]} * row[k];
    return row[i] / std::sqrt(squares / shape.in + 1e-6) * to_float(norm[i]);
  }
  // Of each row, before they are gated.
  std::vector<double> sums() const {
    std::vector<double> all;
    for (std::uint32_t t = 0; t < shape.tokens; ++t) {
      std::vector<double> in(shape.in);
      for (std::uint32_t i = 0; i < shape.in; ++i) in[i] = input(t, i);
      for (std::uint32_t r = 0; r < shape.rows; ++r) {
        double sum = shape.gated ? 0 : residual[std::size_t{t} * shape.rows + r];
        for (std::uint32_t i = 0; i < shape.in; ++i) {
          sum += in[i] * to_float(weights[std::size_t{r} * shape.in + i]);
        }
        all.push_back(sum);
      }
    }
    return all;
  }
  // Of the sums, as a share of the largest one: that which an output shows (a gated one, whose
  // gating changes by 1.1 at most where its sum does by 1).
  double error() const {
    const std::vector<double> of_rows = sums();
    if (!shape.gated) return error_of(y, of_rows);
    double largest = 0;
    for (const double sum : of_rows) largest = std::max(largest, std::abs(sum));
    double worst = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      const double gate = of_rows[2 * i];
      const double up = of_rows[2 * i + 1];
      const double share =
          std::abs(y[i] - silu(gate) * up) / (1.1 * std::abs(up) + std::abs(gate)) / largest;
      worst = std::isnan(share) ? INFINITY : std::max(worst, share);
    }
    return worst;
  }

  LinearCase shape;
  std::vector<Bf16> weights, norm;
  std::vector<float> x, residual, y;
};

// A block of the device's chunks, and of an odd number of warps.
using WideShape = BlockShape<3, 3, 4096>;

class LinearBody : public testing::TestWithParam<LinearCase> {};

TEST_P(LinearBody, AgreesWithDoublePrecision) {
  LinearProblem narrow(GetParam(), 3);
  LinearProblem wide(GetParam(), 4);

  EXPECT_EQ(run_tasks({narrow.task()}, {.rows = 1}), "");
  EXPECT_EQ((run_tasks<FiberContext, WideShape>({wide.task()}, {.rows = 1})), "");

  EXPECT_LT(narrow.error(), kLargestError);
  EXPECT_LT(wide.error(), kLargestError);
}

INSTANTIATE_TEST_SUITE_P(Shapes, LinearBody,
                         testing::Values(LinearCase{64, 7, 1},    // two rows a chunk, odd rows
                                         LinearCase{200, 16, 1},  // the last step of a row is short
                                         LinearCase{512, 5, 1},   // one row a chunk
                                         LinearCase{1544, 9, 1},  // four panels, the last is short
                                         LinearCase{512, 6, 1, LinearInput::kNorm},
                                         LinearCase{256, 6, 1, LinearInput::kSilu}));

constexpr auto kPlain = LinearInput::kPlain;
constexpr auto kNorm = LinearInput::kNorm;

INSTANTIATE_TEST_SUITE_P(
    Gated, LinearBody,
    testing::Values(LinearCase{64, 2, 1, kPlain, true},     // fewer pairs than warps
                    LinearCase{200, 30, 1, kNorm, true},    // a chunk is a pair
                    LinearCase{512, 2, 1, kPlain, true},    // a chunk is a row
                    LinearCase{512, 14, 1, kNorm, true},    // an odd number of pairs
                    LinearCase{1024, 26, 1, kNorm, true},   // of wide chunks: a chunk is a pair
                    LinearCase{1544, 18, 1, kPlain, true},  // four panels, the last is short
                    LinearCase{2048, 14, 1, kNorm, true},   // of wide chunks: a chunk is a row
                    LinearCase{4104, 10, 1, kNorm, true},   // panels
                    LinearCase{4096, 2, 1, kPlain, true}));

// Several tokens: on a block of the device's chunks, whose panels are of several blocks of columns,
// and on a small one, where they have one.
class BatchLinearBody : public testing::TestWithParam<LinearCase> {};

TEST_P(BatchLinearBody, AgreesWithDoublePrecision) {
  LinearProblem narrow(GetParam(), 3);
  LinearProblem wide(GetParam(), 4);

  EXPECT_EQ(run_tasks({narrow.task()}, {.rows = GetParam().tokens}), "");
  EXPECT_EQ((run_tasks<FiberContext, WideShape>({wide.task()}, {.rows = GetParam().tokens})), "");

  EXPECT_LT(narrow.error(), kLargestErrorOfBatch);
  EXPECT_LT(wide.error(), kLargestErrorOfBatch);
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
                    LinearCase{712, 20, 16, LinearInput::kSilu},
                    LinearCase{512, 24, 2, kNorm, true},     // whole groups
                    LinearCase{64, 2, 8, kPlain, true},      // one pair
                    LinearCase{200, 22, 8, kNorm, true},     // a group that is not full
                    LinearCase{1544, 140, 8, kNorm, true},   // panels, several stretches
                    LinearCase{256, 10, 9, kPlain, true},    // two tiles
                    LinearCase{1024, 142, 13, kNorm, true},  // and several stretches
                    LinearCase{328, 36, 16, kNorm, true}));

// The task by so many rows.
std::vector<TaskDescriptor> cut_of(LinearProblem& problem, std::uint32_t rows = 4) {
  std::vector<TaskDescriptor> parts;
  for (std::uint32_t row = 0; row < problem.shape.rows; row += rows) {
    TaskDescriptor part = problem.task();
    part.linear.weights += std::size_t{row} * problem.shape.in;
    part.linear.y += problem.shape.gated ? row / 2 : row;
    if (!problem.shape.gated) part.linear.residual += row;
    part.linear.rows = rows;
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

// One pair a task, and three: with two warps, an odd number.
TEST(LinearBody, GivesTheSameBitsHoweverAGatedOneIsCut) {
  for (const std::uint32_t tokens : {1U, 5U}) {
    for (const std::uint32_t in : {200U, 512U, 1544U}) {
      const LinearCase shape{in, 12, tokens, LinearInput::kNorm, true};
      LinearProblem whole(shape, 8);
      EXPECT_EQ(run_tasks({whole.task()}, {.rows = tokens}), "");
      for (const std::uint32_t rows : {2U, 6U}) {
        LinearProblem cut(shape, 8);
        EXPECT_EQ(run_tasks(cut_of(cut, rows), {.rows = tokens}, 7), "");
        EXPECT_EQ(whole.y, cut.y) << in << ", " << rows;
      }
    }
  }
}

TEST(LinearBody, GivesTheBitsOfALinearAndAGatingBehindIt) {
  for (const std::uint32_t tokens : {1U, 3U, 11U}) {
    for (const std::uint32_t in : {200U, 512U, 1544U}) {
      LinearProblem gated({in, 22, tokens, LinearInput::kNorm, true}, 8);
      LinearProblem apart({in, 22, tokens, LinearInput::kNorm}, 8);
      std::vector<float> y(gated.y.size(), NAN);
      TaskDescriptor linear = apart.task();
      linear.linear.residual = nullptr;
      TaskDescriptor gating;
      gating.kind = TaskKind::kSiluMul;
      gating.silu_mul = {apart.y.data(), y.data(), 22, 11, 11};

      EXPECT_EQ(run_tasks({gated.task()}, {.rows = tokens}), "");
      EXPECT_EQ(run_tasks({linear, gating}, {.rows = tokens}), "");

      EXPECT_EQ(gated.y, y) << in << ", " << tokens;
    }
  }
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
    EXPECT_LT(a.error(), kLargestErrorOfBatch);
    EXPECT_LT(b.error(), kLargestErrorOfBatch);
    EXPECT_LT(c.error(), kLargestError);
  }
}

TEST(BatchLinearBody, TakesOverWhatWasPreloaded) {
  for (const auto& [tokens, gated] :
       {std::pair{3U, false}, std::pair{11U, false}, std::pair{3U, true}, std::pair{11U, true}}) {
    LinearProblem a({512, 11, tokens}, 1);
    LinearProblem b({1544, 22, tokens, kPlain, gated}, 2);
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
    EXPECT_LT(b.error(), kLargestErrorOfBatch);
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
    EXPECT_LT(b.error(), 2e-6);
    EXPECT_LT(c.error(), 2e-6);
  }
}

TEST(LinearBody, TakesOverWhatWasPreloaded) {
  for (const LinearCase& shape :
       {LinearCase{1544, 5, 1}, LinearCase{1544, 6, 1, kPlain, true},
        LinearCase{512, 6, 1, kPlain, true}, LinearCase{200, 6, 1, kPlain, true}}) {
    LinearProblem a({512, 11, 1}, 1);
    LinearProblem b(shape, 2);
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
    EXPECT_LT(b.error(), 2e-6) << shape.in;
  }
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
    EXPECT_LT(a.error(), 2e-6);
    EXPECT_LT(b.error(), 2e-6);
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
  for (const auto& [tokens, gated] :
       {std::pair{1U, false}, std::pair{3U, false}, std::pair{1U, true}, std::pair{3U, true}}) {
    const double largest = tokens == 1 ? 2e-6 : kLargestErrorOfBatch;
    for (const std::uint32_t in : {200U, 1544U}) {
      LinearProblem a({512, 11, tokens}, 1);
      LinearProblem b({in, gated ? 30U : 29U, tokens, kPlain, gated}, 2);
      const std::uint32_t all = run_with_requests_in_turn(a.task(), b.task(), tokens, false, 1);
      EXPECT_LT(b.error(), largest);
      bool is_cut_short = false;
      for (std::uint64_t seed = 0; seed < 20; ++seed) {
        b.y.assign(b.y.size(), -1.0F);
        is_cut_short |= run_with_requests_in_turn(a.task(), b.task(), tokens, true, seed) < all;
        EXPECT_LT(b.error(), largest);
      }
      EXPECT_TRUE(is_cut_short) << tokens << " x " << in;
    }
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
    EXPECT_LT(problem.error(), 2e-6);
  }
}

// Planted bugs: each must be seen under at least one of a few schedules.
template <class Context>
bool is_found(const LinearCase& shape) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    LinearProblem problem(shape, 5);
    const std::string fault = run_tasks<Context>({problem.task()}, {.rows = shape.tokens}, seed);
    const double largest = shape.tokens == 1 ? kLargestError : kLargestErrorOfBatch;
    if (!fault.empty() || !(problem.error() < largest)) return true;
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

}  // namespace
}  // namespace mk::cuda::test
