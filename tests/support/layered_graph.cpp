#include "tests/support/layered_graph.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "core/check.h"

namespace mk::testing {
namespace {

using Builder = TaskGraphBuilder;
using Generator = std::mt19937_64;  // the standard fixes its output; its distributions are not

std::uint32_t below(Generator& random, std::uint32_t n) {
  return static_cast<std::uint32_t>(random() % n);
}

Builder new_builder(const char* name) {
  GraphInfo info;
  info.model = name;
  Builder builder(info, Builder::OperatorTiles::kAny);
  builder.add_class({});
  return builder;
}

OperatorId add_operator(Builder& builder, std::uint32_t number, std::uint32_t tiles) {
  Operator op;
  op.name = "op";
  op.layer = number;
  op.grid.extent = {tiles, 1, 1};
  return builder.add_operator(op);
}

TaskGraph finish(Builder&& builder) {
  Result<TaskGraph> graph = std::move(builder).build();
  MK_CHECK(graph.has_value(), "synthetic graphs are well formed");
  return *std::move(graph);
}

std::vector<Builder::NewEvent> add_events(Builder& builder, std::size_t count) {
  std::vector<Builder::NewEvent> events;
  for (std::size_t i = 0; i < count; ++i) events.push_back(builder.add_event());
  return events;
}

std::vector<std::uint32_t> shuffled(std::uint32_t n, Generator& random) {
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  for (std::uint32_t i = n; i > 1; --i) std::swap(order[i - 1], order[below(random, i)]);
  return order;
}

// `count` different numbers below n.
std::vector<std::uint32_t> pick(std::uint32_t count, std::uint32_t n, Generator& random) {
  std::vector<std::uint32_t> picked;
  while (picked.size() < count) {
    const std::uint32_t candidate = below(random, n);
    if (std::find(picked.begin(), picked.end(), candidate) == picked.end()) {
      picked.push_back(candidate);
    }
  }
  return picked;
}

}  // namespace

TaskGraph grouped_graph(const LayeredShape& shape) {
  Builder builder = new_builder("grouped");
  Generator random(shape.seed);
  const std::uint32_t groups = shape.tasks / shape.fan_in;
  builder.reserve(std::size_t{shape.operators} * shape.tasks,
                  std::size_t{shape.operators} * groups + 2);
  std::vector<Builder::NewEvent> waits(groups, Builder::kBegin);
  for (std::uint32_t o = 0; o < shape.operators; ++o) {
    const bool is_last = o + 1 == shape.operators;
    const std::vector<Builder::NewEvent> triggers =
        is_last ? std::vector(groups, Builder::kEnd) : add_events(builder, groups);
    // Task order[i] is the i-th producer: the next operator's group i / fan_in waits for it.
    std::vector<std::uint32_t> place(shape.tasks);
    const std::vector<std::uint32_t> order = shuffled(shape.tasks, random);
    for (std::uint32_t i = 0; i < shape.tasks; ++i) place[order[i]] = i;
    const OperatorId op = add_operator(builder, o, shape.tasks);
    for (std::uint32_t t = 0; t < shape.tasks; ++t) {
      builder.add_task({op, TaskKind::kLinear, t, 0, shape.label, waits[t / shape.fan_in],
                        triggers[place[t] / shape.fan_in]});
    }
    waits = triggers;
  }
  return finish(std::move(builder));
}

TaskGraph dense_graph(const LayeredShape& shape) {
  Builder builder = new_builder("dense");
  Generator random(shape.seed);
  builder.reserve(std::size_t{shape.operators} * shape.tasks * (shape.fan_in + 1),
                  std::size_t{shape.operators} * shape.tasks * 2 + 2);
  std::vector<Builder::NewEvent> waits(shape.tasks, Builder::kBegin);
  for (std::uint32_t o = 0; o < shape.operators; ++o) {
    const OperatorId op = add_operator(builder, o, shape.tasks);
    const bool is_last = o + 1 == shape.operators;
    std::vector<std::vector<std::uint32_t>> consumers(shape.tasks);
    for (std::uint32_t c = 0; c < shape.tasks && !is_last; ++c) {
      for (const std::uint32_t p : pick(shape.fan_in, shape.tasks, random)) {
        consumers[p].push_back(c);
      }
    }
    const std::vector<Builder::NewEvent> joins =
        is_last ? std::vector<Builder::NewEvent>() : add_events(builder, shape.tasks);
    for (std::uint32_t t = 0; t < shape.tasks; ++t) {
      // Nobody waits for a task without consumers: it notifies `end`.
      const Builder::NewEvent fork = consumers[t].empty() ? Builder::kEnd : builder.add_event();
      builder.add_task({op, TaskKind::kLinear, t, 0, shape.label, waits[t], fork});
      for (const std::uint32_t c : consumers[t]) {
        builder.add_task({op, TaskKind::kEmpty, 0, 0, shape.label, fork, joins[c]});
      }
    }
    waits = joins;
  }
  return finish(std::move(builder));
}

TaskGraph random_graph(std::uint64_t seed, std::uint32_t tasks) {
  Builder builder = new_builder("random");
  Generator random(seed);
  const OperatorId op = add_operator(builder, 0, tasks);
  const auto label = [&] { return below(random, 2) == 0 ? LaunchLabel::kAot : LaunchLabel::kJit; };
  // Waves: the tasks of a wave are shared out over new events, each of which launches tasks of the
  // next wave. An event may also get its notifications from an older wave's leftovers.
  std::vector<Builder::NewEvent> open{Builder::kBegin};
  std::uint32_t made = 0;
  while (made < tasks) {
    std::vector<Builder::NewEvent> waits;
    for (const Builder::NewEvent event : open) {
      waits.insert(waits.end(), 1 + below(random, 20), event);
    }
    made += static_cast<std::uint32_t>(waits.size());
    std::vector<Builder::NewEvent> triggers;
    while (triggers.size() < waits.size()) {
      const bool is_leaf = below(random, 5) == 0 || made >= tasks;
      triggers.insert(triggers.end(), 1 + below(random, 12),
                      is_leaf ? Builder::kEnd : builder.add_event());
    }
    triggers.resize(waits.size(), Builder::kEnd);
    const std::vector<std::uint32_t> order =
        shuffled(static_cast<std::uint32_t>(waits.size()), random);
    open.clear();
    for (std::uint32_t i = 0; i < waits.size(); ++i) {
      const Builder::NewEvent trigger = triggers[order[i]];
      builder.add_task(
          {op, TaskKind::kLinear, below(random, tasks), 0, label(), waits[i], trigger});
      const bool is_new = std::find(open.begin(), open.end(), trigger) == open.end();
      if (trigger != Builder::kEnd && is_new) open.push_back(trigger);
    }
    if (open.empty()) break;
  }
  return finish(std::move(builder));
}

}  // namespace mk::testing
