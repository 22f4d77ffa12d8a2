// Flags that say how a MODEL becomes a task graph: of `compile`, and of every verb that takes
// GRAPH|MODEL.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/compiler.h"
#include "core/model.h"
#include "core/result.h"
#include "experiments/cli/flags.h"

namespace mk::cli {

struct CompileFlags {
  std::uint32_t batch_tokens = 1;
  std::uint32_t requests = 1;
  std::uint32_t context = 1024;
  std::uint32_t devices = 1;
  std::string overlap = "on";
  std::string partition = "mpk";
  std::string fusion = "none";
  std::string events = "gcd";
  std::string experts = "stride";
  std::vector<std::string> set{};
  std::optional<Flag> context_flag{};
  std::vector<Flag> declared{};  // the flags above, to see which were given
};

// All but the worker count, whose flag differs from verb to verb. `group` is the heading in the
// help; empty: no heading of their own.
void declare_compile_flags(Flags& parser, CompileFlags& flags, const std::string& group = "");

// The first of the flags that was given, as "--requests"; empty iff none was.
std::string first_given(const CompileFlags& flags);

// kUsage for flags that say nothing. `workers`: that grids are made for. A context that was not
// asked for is no longer than the model's.
Result<CompileOptions> compile_options(const CompileFlags& flags, const ModelConfig& model,
                                       std::uint32_t workers);

// The KV cache of a request holds what the flags' context and `least_positions` need; beyond that,
// 4096 positions where the model has so many. Split-KV parts share the flags' context evenly.
StepShape step_shape(const CompileFlags& flags, const ModelConfig& model,
                     std::uint32_t least_positions = 0);

}  // namespace mk::cli
