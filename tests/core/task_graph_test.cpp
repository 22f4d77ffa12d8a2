// The builder: linearisation, and each thing it refuses.
#include "core/task_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mk {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Builder = TaskGraphBuilder;
using NewEvent = Builder::NewEvent;

// Tasks that repeat one tile, so that a test can wire what it likes.
class Wiring {
 public:
  Wiring() : builder_({}, OperatorTiles::kAny) {
    Operator op;
    op.name = "op";
    op.kind = TaskKind::kLinear;
    op.grid.extent = {8, 1, 1};
    builder_.add_operator(op);
    builder_.add_class({});
  }
  NewEvent event() { return builder_.add_event(); }
  void task(NewEvent waits_for, NewEvent notifies, std::uint32_t tile = 0) {
    builder_.add_task(
        {OperatorId(0), TaskKind::kLinear, tile, 0, LaunchLabel::kAot, waits_for, notifies});
  }
  Builder& builder() { return builder_; }
  Result<TaskGraph> build() { return std::move(builder_).build(); }
  std::string error() {
    const auto graph = build();
    return graph ? "" : graph.error().message;
  }

 private:
  Builder builder_;
};

// Algorithm 1 on a diamond whose tasks are added back to front.
TEST(TaskGraphBuilder, LinearisesBreadthFirst) {
  Wiring w;
  const NewEvent left = w.event(), right = w.event(), join = w.event();
  w.task(join, Builder::kEnd, 7);
  w.task(right, join, 5);
  w.task(left, join, 3);
  w.task(Builder::kBegin, right, 1);
  w.task(Builder::kBegin, left, 0);
  w.task(left, join, 4);
  const auto graph = w.build();
  ASSERT_TRUE(graph) << graph.error().message;
  EXPECT_THAT(graph->tasks().tile, ElementsAre(1, 0, 5, 3, 4, 7));
  EXPECT_THAT(graph->tasks().dependent_event, ElementsAre(0, 0, 1, 2, 2, 3));
  EXPECT_THAT(graph->tasks().triggering_event, ElementsAre(1, 2, 3, 3, 3, 4));
  EXPECT_THAT(graph->events().trigger_count, ElementsAre(1, 1, 1, 3, 1));
  EXPECT_THAT(graph->events().first_task, ElementsAre(0, 2, 3, 5, 6));
  EXPECT_THAT(graph->events().end_task, ElementsAre(2, 3, 5, 6, 6));
}

TEST(TaskGraphBuilder, EqualGraphsHaveEqualHashes) {
  const auto make = [](std::uint32_t tile) {
    Wiring w;
    w.task(Builder::kBegin, Builder::kEnd, tile);
    return *w.build();
  };
  EXPECT_TRUE(make(1) == make(1));
  EXPECT_EQ(make(1).hash(), make(1).hash());
  EXPECT_NE(make(1).hash(), make(2).hash());
}

TEST(TaskGraphBuilder, RefusesAnEmptyGraph) { EXPECT_THAT(Wiring().error(), HasSubstr("without")); }

TEST(TaskGraphBuilder, RefusesAnEventThatNobodyNotifies) {
  Wiring w;
  const NewEvent event = w.event();
  w.task(event, Builder::kEnd);
  w.task(Builder::kBegin, Builder::kEnd);
  EXPECT_THAT(w.error(), HasSubstr("event 2: no task notifies it"));
}

TEST(TaskGraphBuilder, RefusesAnEventThatLaunchesNothing) {
  Wiring w;
  w.task(Builder::kBegin, w.event());
  w.task(Builder::kBegin, Builder::kEnd);
  EXPECT_THAT(w.error(), HasSubstr("event 2: no task waits for it"));
}

TEST(TaskGraphBuilder, NamesTheTasksOfACycle) {
  Wiring w;
  const NewEvent a = w.event(), b = w.event();
  w.task(Builder::kBegin, Builder::kEnd, 0);
  w.task(a, b, 1);
  w.task(b, a, 2);
  w.task(b, Builder::kEnd, 3);
  const std::string error = w.error();
  EXPECT_THAT(error, HasSubstr("op[1] (task 1)"));
  EXPECT_THAT(error, HasSubstr("op[2] (task 2)"));
  EXPECT_THAT(error, ::testing::Not(HasSubstr("op[3]")));
}

TEST(TaskGraphBuilder, RefusesIndexesOutOfRange) {
  Wiring event;
  event.task(NewEvent(9), Builder::kEnd);
  EXPECT_THAT(event.error(), HasSubstr("task 0: waits for event 9"));
  Wiring begin;
  begin.task(Builder::kBegin, Builder::kBegin);
  EXPECT_THAT(begin.error(), HasSubstr("task 0: notifies event 0"));
  Wiring tile;
  tile.task(Builder::kBegin, Builder::kEnd, 8);
  EXPECT_THAT(tile.error(), HasSubstr("has 8 tiles"));
  Wiring tensor;
  Operator op;
  op.name = "bad";
  op.accesses.push_back({TensorId(3)});
  tensor.builder().add_operator(op);
  tensor.task(Builder::kBegin, Builder::kEnd);
  EXPECT_THAT(tensor.error(), HasSubstr("bad: tensor 3"));
}

TEST(TaskGraphBuilder, RefusesTilesThatAreMissingOrDoubled) {
  const auto error_with = [](std::initializer_list<std::uint32_t> tiles) {
    Builder builder({});
    Operator op;
    op.name = "op";
    op.grid.extent = {3, 1, 1};
    builder.add_operator(op);
    builder.add_class({});
    for (const std::uint32_t tile : tiles)
      builder.add_task({OperatorId(0), TaskKind::kLinear, tile, 0, LaunchLabel::kAot,
                        Builder::kBegin, Builder::kEnd});
    const auto graph = std::move(builder).build();
    return graph ? std::string() : graph.error().message;
  };
  EXPECT_EQ(error_with({2, 0, 1}), "");
  EXPECT_THAT(error_with({0, 2}), HasSubstr("op: no task for tile 1"));
  EXPECT_THAT(error_with({0, 1, 2, 1}), HasSubstr("op[1] (task 3): a second task"));
}

TEST(TaskGraphBuilder, RefusesATaskOnAnotherDeviceThanItsEvent) {
  Builder builder({}, OperatorTiles::kAny);
  Operator op;
  op.name = "far";
  op.device = 1;
  builder.add_operator(op);
  builder.add_class({});
  const NewEvent event = builder.add_event(0);
  const auto add = [&](NewEvent waits_for, NewEvent notifies) {
    builder.add_task(
        {OperatorId(0), TaskKind::kLinear, 0, 0, LaunchLabel::kAot, waits_for, notifies});
  };
  add(Builder::kBegin, event);
  add(event, Builder::kEnd);
  const auto graph = std::move(builder).build();
  ASSERT_FALSE(graph);
  EXPECT_THAT(graph.error().message, HasSubstr("far[0] (task 1): runs on device 1"));
}

TEST(TaskGraphBuilder, SortsTheTasksOfBeginByDevice) {
  Builder builder({}, OperatorTiles::kAny);
  builder.add_class({});
  for (const std::uint8_t device : std::initializer_list<std::uint8_t>{1, 0, 1}) {
    Operator op;
    op.device = device;
    const OperatorId id = builder.add_operator(op);
    builder.add_task(
        {id, TaskKind::kLinear, 0, 0, LaunchLabel::kAot, Builder::kBegin, Builder::kEnd});
  }
  const auto graph = std::move(builder).build();
  ASSERT_TRUE(graph);
  EXPECT_THAT(graph->tasks().op, ElementsAre(1, 0, 2));
}

}  // namespace
}  // namespace mk
