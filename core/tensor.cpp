#include "core/tensor.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace mk {
namespace {

template <typename E, std::size_t N>
using Names = std::array<std::pair<E, std::string_view>, N>;

constexpr Names<DType, 4> kDTypes{
    {{DType::kBf16, "bf16"}, {DType::kF16, "f16"}, {DType::kF32, "f32"}, {DType::kI32, "i32"}}};

constexpr Names<TensorRole, 6> kRoles{{{TensorRole::kWeight, "weight"},
                                       {TensorRole::kActivation, "activation"},
                                       {TensorRole::kKvCache, "kv_cache"},
                                       {TensorRole::kToken, "token"},
                                       {TensorRole::kPageTable, "page_table"},
                                       {TensorRole::kExchange, "exchange"}}};

constexpr Names<WeightLayout, 4> kLayouts{{{WeightLayout::kPlain, "plain"},
                                           {WeightLayout::kQkvByKvHead, "qkv_by_kv_head"},
                                           {WeightLayout::kInterleavedRows, "interleaved_rows"},
                                           {WeightLayout::kStackedExperts, "stacked_experts"}}};

template <typename E, std::size_t N>
std::string_view name_in(const Names<E, N>& names, E value) {
  for (const auto& [e, name] : names) {
    if (e == value) return name;
  }
  MK_CHECK(false, "a value that no row names");
  return {};
}

template <typename E, std::size_t N>
std::optional<E> value_in(const Names<E, N>& names, std::string_view wanted) {
  for (const auto& [e, name] : names) {
    if (name == wanted) return e;
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(DType type) { return name_in(kDTypes, type); }
std::optional<DType> dtype_from_name(std::string_view name) { return value_in(kDTypes, name); }
std::string_view name_of(TensorRole role) { return name_in(kRoles, role); }
std::optional<TensorRole> tensor_role_from_name(std::string_view name) {
  return value_in(kRoles, name);
}
std::string_view name_of(WeightLayout layout) { return name_in(kLayouts, layout); }
std::optional<WeightLayout> weight_layout_from_name(std::string_view name) {
  return value_in(kLayouts, name);
}

Shape::Shape(std::initializer_list<std::int64_t> extents)
    : rank(static_cast<std::uint8_t>(extents.size())) {
  MK_CHECK(extents.size() >= 1 && extents.size() <= kMaxRank, "a shape has 1 to 4 dimensions");
  std::copy(extents.begin(), extents.end(), extent.begin());
}

}  // namespace mk
