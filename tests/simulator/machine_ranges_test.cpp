#include "simulator/machine_ranges.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "core/compiler.h"
#include "core/model.h"
#include "simulator/simulate.h"

namespace mk {
namespace {

// Of two devices, so that links count.
std::shared_ptr<const TaskGraph> graph_on_two_devices() {
  Compiled compiled = compile_model(load_model("qwen3-0.6b").value(),
                                    StepShape{.max_context = 4096, .devices = 2}, {})
                          .value();
  return std::make_shared<const TaskGraph>(std::move(compiled.graph));
}

TEST(OpenNumbers, ThatCannotMatterUnderAPolicyMoveNothing) {
  const Machine h100 = load_machine("h100-sxm").value();
  const auto graph = graph_on_two_devices();
  for (const auto& [policy, schedulers] :
       {std::pair(PolicyKind::kHybrid, 16U), std::pair(PolicyKind::kStatic, 0U),
        std::pair(PolicyKind::kStream, 0U), std::pair(PolicyKind::kGraph, 0U),
        std::pair(PolicyKind::kPdl, 0U)}) {
    SimulationOptions options;
    options.policy.kind = policy;
    options.roles = {128, schedulers};
    options.iterations = {decode_step(1, 1024), decode_step(1, 1025)};
    options.lower_bounds = false;
    const Duration as_it_is = simulate(graph, h100, options)->makespan;
    int tried = 0;
    visit_numbers(h100, [&](const NumberFacts& varied, const Number&) {
      if (may_matter_under(policy, varied.path)) return;
      Machine machine = h100;
      visit_numbers(machine, [&](const NumberFacts& facts, Number& number) {
        if (facts.path == varied.path) number.value = number.low + (number.high - number.low) / 2;
      });
      EXPECT_EQ(simulate(graph, machine, options)->makespan, as_it_is)
          << facts(policy).name << " " << varied.path;
      ++tried;
    });
    EXPECT_GT(tried, 10) << facts(policy).name;
  }
}

}  // namespace
}  // namespace mk
