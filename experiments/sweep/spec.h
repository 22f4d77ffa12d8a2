// SweepSpec: the values that each axis of a sweep takes; its points are their cross product.
//
// As JSON: {"model": "qwen3-8b", "workers": "96:132:4", "mechanism": ["", "preload=off"], ...}. A
// value is a text, a whole number, or an array of them; numbers also come as ranges "A:B:STEP"
// (both ends belong to it). Keys are the names of kSweepAxes. What is left out: policy hybrid, the
// machine's split, grids for the split's workers, and else what `megascope simulate` takes.
#pragma once

#include <array>
#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "experiments/sweep/catalogue.h"
#include "traces/sweep_record.h"

namespace mk {

struct SweepSpec {
  // By the axis' place in kSweepAxes, as written; no value: the default.
  std::array<std::vector<std::string>, kSweepAxes.size()> values{};

  // Requires: there is such an axis.
  std::vector<std::string>& of(std::string_view axis);
  const std::vector<std::string>& of(std::string_view axis) const;
};

// Errors name the key: unknown, an empty array (the product would be empty), a value of a wrong
// type.
Result<SweepSpec> spec_from_json(const nlohmann::ordered_json& json);

// "96:132:4", "128", or a list of both. kUsage names the axis.
Result<std::vector<std::uint64_t>> parse_range(std::string_view axis, std::string_view text);

struct SweepPoints {
  std::vector<SweepPoint> points{};  // in key order, each once
  std::size_t left_out = 0;          // combinations whose split the machine has too few SMs for
  std::string why{};                 // the last of them
};

// The product. Kernel-per-operator policies have one point each, on all SMs; `static` has no
// schedulers. kUsage names axis and value: an unknown name, no number, a mechanism, injection or
// machine number that is not there. InvalidInput iff no point is left.
Result<SweepPoints> expand(const SweepSpec& spec, Catalogue& catalogue);

// The alternatives of two factors, joined pairwise by '+'.
std::vector<std::string> cross_alternatives(const std::vector<std::string>& first,
                                            const std::vector<std::string>& second);

}  // namespace mk
