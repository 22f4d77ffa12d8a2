#include "experiments/cli/iteration_plan.h"

namespace mk::cli {

void declare_plan_flags(Flags& parser, PlanFlags& flags) {
  flags.iterations_flag =
      parser.value("--iterations", flags.iterations, "N", "decode steps, the last at the context")
          .at_least(1);
  parser
      .value("--prompt-tokens", flags.prompt_tokens, "N",
             "instead: each request from a prompt of N tokens on")
      .default_text("");
  flags.generate_flag =
      parser.value("--generate", flags.generate, "N", "tokens that follow the prompt").at_least(1);
}

Result<std::vector<IterationState>> plan_iterations(const PlanFlags& flags,
                                                    const GraphInfo& graph) {
  if (flags.prompt_tokens > 0 && flags.iterations_flag->is_given())
    return fail(ErrorCode::kUsage, "--iterations counts decode steps; --prompt-tokens says none");
  if (flags.prompt_tokens == 0 && flags.generate_flag->is_given())
    return fail(ErrorCode::kUsage, "--generate needs --prompt-tokens");
  return mk::plan_iterations(flags, graph);
}

}  // namespace mk::cli
