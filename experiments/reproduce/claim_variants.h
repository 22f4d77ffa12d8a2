// What a claim is asked of: its own points, and the same under each change that could decide it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/result.h"
#include "experiments/reproduce/study.h"
#include "experiments/reproduce/verdict.h"

namespace mk {

inline constexpr std::uint64_t kClaimDraws = 16;  // joint draws of all open numbers
inline constexpr std::uint64_t kClaimSeeds = 5;

// Every point that `evidence_of` will look up.
std::vector<SweepPoint> points_of_claim(const Claim& claim, const Catalogue& catalogue);

using Predictions = std::map<SweepPoint, SweepResult>;

// The claim's figure and how it moves. InvalidInput says why there is none. Requires: the points of
// points_of_claim() are in `predictions`; the claim is a speedup, a time or a share.
Result<Evidence> evidence_of(const Claim& claim, const Catalogue& catalogue,
                             const Predictions& predictions);

}  // namespace mk
