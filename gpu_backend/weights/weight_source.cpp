#include "gpu_backend/weights/weight_source.h"

#include <fmt/format.h>

#include <utility>

#include "core/check.h"
#include "gpu_backend/weights/element_types.h"

namespace mk {

namespace {

void convert(ElementType type, std::span<const std::byte> source, std::span<float> target) {
  convert_to_float(type, source, target);
}

void convert(ElementType type, std::span<const std::byte> source, std::span<std::uint16_t> target) {
  convert_to_bf16(type, source, target);
}

template <typename T, typename Values>
void read_values(const TensorSpec& spec, const Values& values, std::uint64_t first,
                 std::span<T> target) {
  const auto count = static_cast<std::uint64_t>(element_count(spec));
  MK_CHECK(first <= count && target.size() <= count - first, "a read stays within its tensor");
  if (const auto* bytes = std::get_if<std::span<const std::byte>>(&values)) {
    const std::size_t size = element_bytes(spec.type);
    convert(spec.type, bytes->subspan(first * size, target.size() * size), target);
  } else {
    fill_synthetic(std::get<SyntheticTensor>(values), first, target);
  }
}

}  // namespace

void WeightTensor::read(std::uint64_t first, std::span<float> target) const {
  read_values(spec_, values_, first, target);
}

void WeightTensor::read(std::uint64_t first, std::span<std::uint16_t> target_bf16) const {
  read_values(spec_, values_, first, target_bf16);
}

Result<WeightProvider> WeightProvider::open(const std::filesystem::path& file_or_folder) {
  Result<Safetensors> files = Safetensors::open(file_or_folder);
  if (!files) return tl::unexpected(std::move(files).error());
  WeightProvider source(0);
  source.files_ = std::make_shared<const Safetensors>(std::move(*files));
  return source;
}

Result<WeightTensor> WeightProvider::tensor(const TensorSpec& wanted) const {
  if (!files_) {
    TensorSpec spec{.name = wanted.name, .type = ElementType::kBf16, .shape = wanted.shape};
    return WeightTensor(std::move(spec), make_synthetic_tensor(seed_, wanted));
  }
  const TensorView* found = files_->find(wanted.name);
  if (found == nullptr) {
    return fail(ErrorCode::kNotFound,
                fmt::format("{}: has no tensor {}", files_->path().string(), wanted.name));
  }
  if (found->spec.shape != wanted.shape) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{}: tensor {} is [{}], the model needs [{}]", files_->path().string(),
                            wanted.name, fmt::join(found->spec.shape, ", "),
                            fmt::join(wanted.shape, ", ")));
  }
  return WeightTensor(found->spec, found->bytes);
}

}  // namespace mk
