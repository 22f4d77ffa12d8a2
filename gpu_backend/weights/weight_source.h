// Where a backend's weights come from: safetensors on disk, or synthetic ones. One way to read
// either.
//
//   const Result<WeightProvider> source = WeightProvider::open("model/");
//   const Result<WeightTensor> up = source->tensor({.name = name, .shape = {1536, 576}});
//   up->read(first_element, rows);  // a span of float, or of uint16_t: bf16
//
// Whatever can be wrong is said by open() and tensor(); read() cannot fail. Immutable: any number
// of threads may read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <variant>

#include "core/result.h"
#include "gpu_backend/weights/safetensors.h"
#include "gpu_backend/weights/synthetic.h"

namespace mk {

// One tensor of a source. Lives no longer than the source, or a copy of it.
class WeightTensor {
 public:
  const TensorSpec& spec() const { return spec_; }

  // Elements first .. first + target.size() - 1, row major. To float: exact. To bf16: exact for
  // bf16 and synthetic weights, else rounded to nearest even. Requires: first + target.size() <=
  // element_count(spec()).
  void read(std::uint64_t first, std::span<float> target) const;
  void read(std::uint64_t first, std::span<std::uint16_t> target_bf16) const;

 private:
  friend class WeightProvider;
  using Values = std::variant<std::span<const std::byte>, SyntheticTensor>;
  WeightTensor(TensorSpec spec, Values values) : spec_(std::move(spec)), values_(values) {}

  TensorSpec spec_{};
  Values values_{};
};

// A value; copies share the mapped files.
class WeightProvider {
 public:
  static WeightProvider synthetic(std::uint64_t seed) { return WeightProvider(seed); }

  // As Safetensors::open.
  [[nodiscard]] static Result<WeightProvider> open(const std::filesystem::path& file_or_folder);

  // The tensor of that name. `wanted.type` is not looked at: the result's spec() has the type that
  // is stored (synthetic: bf16). kNotFound where the files have no such tensor, kInvalidInput, with
  // both shapes, where its shape is another one.
  [[nodiscard]] Result<WeightTensor> tensor(const TensorSpec& wanted) const;

  // Null iff the weights are synthetic.
  const Safetensors* files() const { return files_.get(); }

 private:
  explicit WeightProvider(std::uint64_t seed) : seed_(seed) {}

  std::shared_ptr<const Safetensors> files_{};
  std::uint64_t seed_ = 0;
};

}  // namespace mk
