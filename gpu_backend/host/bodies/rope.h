// Rotary position embedding: the angles' cosines and sines, as the attention kernel reads them.
#pragma once

#include <cstdint>
#include <vector>

#include "core/operator.h"

namespace mk {

// Angle that pair i (dimensions i and i + head_dim / 2, Hugging Face's convention) turns by from
// one position to the next, Llama-3 scaling included. Requires: 0 <= i < head_dim / 2.
double rope_frequency(const AttentionParams& params, std::int64_t i);

// [positions, head_dim]: for each position head_dim / 2 cosines, then as many sines; computed in
// double, then rounded.
std::vector<float> rope_table(const AttentionParams& params, std::int64_t positions);

}  // namespace mk
