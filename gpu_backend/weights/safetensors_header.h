// The header of one safetensors file, read and written.
//
// The format (github.com/huggingface/safetensors): 8 bytes, little endian: n; then n bytes of JSON,
//   {"NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [BEGIN, END]}, ..., "__metadata__":
//   {"KEY": "TEXT"}}
// maybe padded with spaces; then the data, in which [BEGIN, END) of each tensor counts from the
// first byte behind the header. A valid file has no byte of data that belongs to no tensor, or to
// two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "gpu_backend/weights/element_types.h"

namespace mk {

// What a tensor is, without its values.
struct TensorSpec {
  std::string name{};  // as Hugging Face names it: model.layers.0.mlp.up_proj.weight
  ElementType type = ElementType::kF32;
  std::vector<std::int64_t>
      shape{};  // row major, the last dimension is contiguous; empty: a scalar

  friend bool operator==(const TensorSpec&, const TensorSpec&) = default;
};

// The product of the shape. Requires: it fits, as it does for every tensor that was read.
std::int64_t element_count(const TensorSpec& spec);
std::size_t byte_count(const TensorSpec& spec);

struct SafetensorsEntry {
  TensorSpec spec{};
  std::size_t begin = 0;  // from the start of the file
  std::size_t end = 0;    // begin + byte_count(spec)
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries{};  // in the order of `begin`
  std::map<std::string, std::string> metadata{};
};

// kInvalidInput, naming the tensor, where the file is truncated, its header is no such JSON, a name
// stands twice, sizes and shapes disagree, ranges overlap or leave bytes over; kUnsupported for an
// element type other than BF16, F16, F32.
[[nodiscard]] Result<SafetensorsHeader> parse_safetensors_header(std::span<const std::byte> file);

// The 8 bytes and the JSON for tensors that follow in this order without gaps; padded so that the
// data begins on a multiple of 64 bytes. Requires: names differ, and none is "__metadata__".
std::string make_safetensors_header(std::span<const TensorSpec> specs,
                                    const std::map<std::string, std::string>& metadata);

}  // namespace mk
