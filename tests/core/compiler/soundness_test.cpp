// Whatever order the events allow, a task reads what the most recent writer in program order wrote,
// all of it, and overwrites nothing that is still to be read. Random graphs, all granularities.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/core/compiler/random_graphs.h"

namespace mk {
namespace {

// Which operator wrote each element last, as program order wants it.
struct Writers {
  std::vector<std::vector<std::int64_t>> before{};  // by operator, by tensor; -1: nobody
  std::vector<std::int64_t> at_end{};
};

Writers program_order(const TaskGraph& graph) {
  Writers writers;
  writers.at_end.assign(graph.tensors().size(), -1);
  for (std::size_t o = 0; o < graph.operators().size(); ++o) {
    writers.before.push_back(writers.at_end);
    for (const Access& access : graph.operators()[o].accesses) {
      if (access.mode == AccessMode::kWrite)
        writers.at_end[access.tensor.index] = static_cast<std::int64_t>(o);
    }
  }
  return writers;
}

// Runs iterations in random order and holds each element against the program order.
class RandomRun {
 public:
  RandomRun(const TaskGraph& graph, std::uint32_t seed)
      : graph_(graph), writers_(program_order(graph)), random_(seed) {
    for (const Tensor& tensor : graph.tensors())
      elements_.emplace_back(static_cast<std::size_t>(tensor.shape.elements()), -1);
  }

  ::testing::AssertionResult iterate() {
    arrived_.assign(graph_.event_count(), 0);
    ready_.clear();
    launch(graph_.begin_event().index);
    std::uint32_t done = 0;
    while (!ready_.empty()) {
      std::swap(ready_[random_() % ready_.size()], ready_.back());
      const TaskId task(ready_.back());
      ready_.pop_back();
      if (std::string wrong = execute(task); !wrong.empty())
        return ::testing::AssertionFailure() << graph_.task_name(task) << wrong;
      ++done;
      const std::uint32_t event = graph_.tasks().triggering_event[task.index];
      if (++arrived_[event] != graph_.events().trigger_count[event]) continue;
      if (event == graph_.end_event().index && done != graph_.task_count())
        return ::testing::AssertionFailure() << "the iteration ends before its last task";
      launch(event);
    }
    if (done != graph_.task_count())
      return ::testing::AssertionFailure() << done << " of " << graph_.task_count() << " tasks ran";
    ++iterations_;
    return check_end();
  }

 private:
  void launch(std::uint32_t event) {
    for (std::uint32_t t = graph_.events().first_task[event]; t < graph_.events().end_task[event];
         ++t)
      ready_.push_back(t);
  }

  template <typename F>
  void for_each_element(const Region& r, F&& f) {
    const auto& extent = graph_.tensors()[r.tensor.index].shape.extent;
    for (std::int64_t i = r.begin[0]; i < r.end[0]; ++i) {
      for (std::int64_t j = r.begin[1]; j < r.end[1]; ++j) {
        for (std::int64_t k = r.begin[2]; k < r.end[2]; ++k) {
          const std::int64_t row = ((i * extent[1] + j) * extent[2] + k) * extent[3];
          for (std::int64_t l = r.begin[3]; l < r.end[3]; ++l)
            f(elements_[r.tensor.index][static_cast<std::size_t>(row + l)]);
        }
      }
    }
  }

  // In place and shared out at run time: the region is the whole dimension, of which other tiles of
  // the operator may have written their shares already.
  static bool writes_in_shares(const Operator& op, TensorId tensor) {
    return std::any_of(op.accesses.begin(), op.accesses.end(), [&](const Access& access) {
      return access.mode == AccessMode::kWrite && access.tensor == tensor &&
             std::any_of(access.cut.begin(), access.cut.end(),
                         [](const DimCut& cut) { return cut.rule == DimCut::Rule::kDynamic; });
    });
  }

  // In this iteration, or else in the previous one (KV caches).
  std::int64_t writer_before(std::uint32_t op, TensorId tensor) const {
    const std::int64_t writer = writers_.before[op][tensor.index];
    return writer >= 0 || iterations_ == 0 ? writer : writers_.at_end[tensor.index];
  }

  static bool is_written(const Tensor& tensor) {
    return tensor.role == TensorRole::kActivation || tensor.role == TensorRole::kExchange;
  }

  std::string execute(TaskId task) {
    const std::uint32_t op = graph_.tasks().op[task.index];
    std::string wrong;
    const std::vector<Region> regions = graph_.regions(task);
    for (const Region& r : regions) {
      const Tensor& tensor = graph_.tensors()[r.tensor.index];
      if (r.mode != AccessMode::kRead || !is_written(tensor)) continue;
      const std::int64_t wanted = writer_before(op, r.tensor);
      const bool shares = writes_in_shares(graph_.operators()[op], r.tensor);
      for_each_element(r, [&](std::int64_t writer) {
        if (writer != wanted && !(shares && writer == op))
          wrong = " reads " + tensor.name + " of operator " + std::to_string(writer) + ", not " +
                  std::to_string(wanted);
      });
    }
    for (const Region& r : regions) {
      if (r.mode == AccessMode::kWrite)
        for_each_element(r, [&](std::int64_t& writer) { writer = op; });
    }
    return wrong;
  }

  ::testing::AssertionResult check_end() {
    for (std::size_t t = 0; t < elements_.size(); ++t) {
      for (const std::int64_t writer : elements_[t]) {
        if (writer != writers_.at_end[t])
          return ::testing::AssertionFailure()
                 << graph_.tensors()[t].name << " ends as operator " << writer << " wrote it";
      }
    }
    return ::testing::AssertionSuccess();
  }

  const TaskGraph& graph_;
  Writers writers_;
  std::mt19937 random_;
  std::uint32_t iterations_ = 0;
  std::vector<std::vector<std::int64_t>> elements_{};
  std::vector<std::uint32_t> arrived_{};
  std::vector<std::uint32_t> ready_{};
};

class Soundness : public ::testing::TestWithParam<EventGranularity> {};

TEST_P(Soundness, HoldsInEveryOrderThatEventsAllow) {
  std::uint64_t dummies = 0;
  std::uint64_t puts = 0;
  for (std::uint32_t seed = 0; seed < 1500; ++seed) {
    testing::RandomCase random = testing::random_case(seed);
    random.options.events = GetParam();
    const auto compiled = compile(random.graph, random.options);
    ASSERT_TRUE(compiled) << "seed " << seed << ": " << compiled.error().message;
    dummies += compiled->statistics.dummy_tasks;
    for (const TaskKind kind : compiled->graph.tasks().kind) puts += kind == TaskKind::kPut;
    RandomRun run(compiled->graph, seed);
    for (int iteration = 0; iteration < 4; ++iteration)
      ASSERT_TRUE(run.iterate()) << "seed " << seed << ", iteration " << iteration;
  }
  EXPECT_GT(dummies, 0u) << "no case needed normalisation";
  EXPECT_GT(puts, 0u) << "no case had something to send";
}

// The models' own graphs, small: uneven workers, several requests and tokens.
ModelConfig small_model(const char* name) {
  ModelConfig model = *load_model(name);
  model.layers = 2;
  model.hidden = 192;
  model.intermediate = 80;
  model.heads = 6;
  model.kv_heads = 3;
  model.head_dim = 4;
  model.vocabulary = 200;
  if (model.moe) model.moe = MoeConfig{8, 2, 40, true};
  return model;
}

TEST_P(Soundness, HoldsForTheModels) {
  for (const char* name : {"smollm2-135m", "qwen3-30b-a3b"}) {
    for (const auto partition : {Partition::kMpk, Partition::kBalanced}) {
      for (const auto fusion :
           {OperatorFusion::kNone, OperatorFusion::kNormLinear, OperatorFusion::kNormGated}) {
        for (const std::uint32_t workers : {1u, 5u, 16u}) {
          CompileOptions options;
          options.partition = partition;
          options.fusion = fusion;
          options.events = GetParam();
          options.workers = workers;
          options.context = 1;
          StepShape step{.batch_tokens = 3, .requests = 2, .max_context = 3};
          if (workers == 5) step.attention_parts = 2, step.attention_positions = 2;
          if (workers >= 5) step.page_positions = 2;
          const auto compiled = compile_model(small_model(name), step, options);
          ASSERT_TRUE(compiled) << compiled.error().message;
          RandomRun run(compiled->graph, workers);
          for (int iteration = 0; iteration < 3; ++iteration)
            ASSERT_TRUE(run.iterate()) << name << ", " << workers << " workers";
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Granularity, Soundness,
                         ::testing::Values(EventGranularity::kGcd, EventGranularity::kExact,
                                           EventGranularity::kOperator),
                         [](const auto& i) { return std::string(name_of(i.param)); });

// Tensor parallel: KV heads shared out (2 devices) and held twice (4), with and without overlap.
TEST_P(Soundness, HoldsForTheModelsOnSeveralDevices) {
  for (const char* name : {"smollm2-135m", "qwen3-30b-a3b"}) {
    ModelConfig model = small_model(name);
    model.heads = 8;
    model.kv_heads = 2;
    for (const std::uint32_t devices : {2u, 4u}) {
      for (const auto fusion :
           {OperatorFusion::kNone, OperatorFusion::kNormLinear, OperatorFusion::kNormGated}) {
        for (const bool overlap : {true, false}) {
          CompileOptions options;
          options.partition = overlap ? Partition::kMpk : Partition::kBalanced;
          options.fusion = fusion;
          options.events = GetParam();
          options.overlap = overlap;
          options.workers = 5;
          options.context = 1;
          const StepShape step{
              .batch_tokens = 3, .requests = 2, .max_context = 3, .devices = devices};
          const auto compiled = compile_model(model, step, options);
          ASSERT_TRUE(compiled) << compiled.error().message;
          RandomRun run(compiled->graph, devices);
          for (int iteration = 0; iteration < 3; ++iteration)
            ASSERT_TRUE(run.iterate()) << name << ", " << devices << " devices";
        }
      }
    }
  }
}

// The check itself: without its dependencies, a graph fails it.
TEST(Soundness, IsNoticedWhenItIsMissing) {
  int unsound = 0;
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const testing::RandomCase random = testing::random_case(seed);
    const auto compiled = compile(random.graph, random.options);
    ASSERT_TRUE(compiled);
    TaskGraphBuilder builder({}, OperatorTiles::kEachOnce);
    for (const Tensor& tensor : compiled->graph.tensors()) builder.add_tensor(tensor);
    for (const Operator& op : compiled->graph.operators()) builder.add_operator(op);
    builder.add_class({});
    for (std::uint32_t o = 0; o < compiled->graph.operators().size(); ++o) {
      const Operator& op = compiled->graph.operators()[o];
      for (std::uint32_t t = 0; t < op.grid.tiles(); ++t) {
        TaskGraphBuilder::TaskSpec spec;
        spec.op = OperatorId(o);
        spec.kind = op.kind;
        spec.tile = t;
        builder.add_task(spec);
      }
    }
    const auto unordered = std::move(builder).build();
    ASSERT_TRUE(unordered);
    unsound += RandomRun(*unordered, seed).iterate() ? 0 : 1;
  }
  EXPECT_GE(unsound, 18);
}

}  // namespace
}  // namespace mk
