// The tensors of a model's checkpoint, under their Hugging Face names: what `megascope weights`
// writes.
#pragma once

#include <vector>

#include "core/model.h"
#include "gpu_backend/weights/safetensors_header.h"

namespace mk::cli {

// bf16, in the order of the model. Together they have model.parameters() elements.
std::vector<TensorSpec> checkpoint_tensors(const ModelConfig& model);

}  // namespace mk::cli
