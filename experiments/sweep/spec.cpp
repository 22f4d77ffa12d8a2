#include "experiments/sweep/spec.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "experiments/sweep/resolve.h"

namespace mk {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kMostValues = 100'000;
constexpr std::size_t kMostPoints = 2'000'000;

std::size_t index_of(std::string_view axis) {
  for (std::size_t i = 0; i < kSweepAxes.size(); ++i) {
    if (kSweepAxes[i].name == axis) return i;
  }
  return kSweepAxes.size();
}

std::string axis_names() {
  std::vector<std::string_view> names;
  for (const SweepAxis& axis : kSweepAxes) names.push_back(axis.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

Result<std::string> value_from_json(std::string_view key, const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_unsigned()) return std::to_string(value.get<std::uint64_t>());
  return fail(ErrorCode::kInvalidInput,
              fmt::format("{}: {} is neither a text nor a whole number", key, value.dump()));
}

bool parse_whole(std::string_view text, std::uint64_t& value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end;
}

// "A", "A:B" or "A:B:STEP"
bool parse_one_range(std::string_view text, std::uint64_t& first, std::uint64_t& last,
                     std::uint64_t& step) {
  const std::size_t colon = text.find(':');
  if (!parse_whole(text.substr(0, colon), first)) return false;
  last = first;
  step = 1;
  if (colon == std::string_view::npos) return true;
  text.remove_prefix(colon + 1);
  const std::size_t second = text.find(':');
  if (!parse_whole(text.substr(0, second), last)) return false;
  if (second != std::string_view::npos && !parse_whole(text.substr(second + 1), step)) return false;
  return step > 0 && last >= first && (last - first) / step < kMostValues;
}

// The values of one axis as its points have them: ranges written out, "" where nothing is said.
Result<std::vector<std::string>> values_of(const SweepSpec& spec, std::size_t axis) {
  const std::vector<std::string>& given = spec.values[axis];
  if (given.empty()) return std::vector<std::string>{""};
  if (kSweepAxes[axis].text != nullptr) return given;
  std::vector<std::string> values;
  for (const std::string& text : given) {
    const auto range = parse_range(kSweepAxes[axis].name, text);
    if (!range) return tl::unexpected(range.error());
    for (const std::uint64_t value : *range) values.push_back(std::to_string(value));
  }
  return values;
}

using Product = std::array<std::vector<std::string>, kSweepAxes.size()>;

Result<Product> written_out(const SweepSpec& spec) {
  Product product;
  std::size_t size = 1;
  for (std::size_t axis = 0; axis < product.size(); ++axis) {
    Result<std::vector<std::string>> values = values_of(spec, axis);
    if (!values) return tl::unexpected(values.error());
    product[axis] = std::move(*values);
    if (product[axis].size() > kMostPoints / size)
      return fail(ErrorCode::kUsage, fmt::format("more than {} points", kMostPoints));
    size *= product[axis].size();
  }
  return product;
}

// Steps to the next combination; false after the last.
bool advance(std::array<std::size_t, kSweepAxes.size()>& place, const Product& product) {
  for (std::size_t axis = product.size(); axis-- > 0;) {
    if (++place[axis] < product[axis].size()) return true;
    place[axis] = 0;
  }
  return false;
}

}  // namespace

std::vector<std::string>& SweepSpec::of(std::string_view axis) {
  const std::size_t index = index_of(axis);
  MK_CHECK(index < kSweepAxes.size(), "the axis is one of kSweepAxes");
  return values[index];
}

const std::vector<std::string>& SweepSpec::of(std::string_view axis) const {
  return const_cast<SweepSpec*>(this)->of(axis);
}

Result<SweepSpec> spec_from_json(const Json& json) {
  if (!json.is_object())
    return fail(ErrorCode::kInvalidInput, "a sweep is an object of axes and their values");
  SweepSpec spec;
  for (const auto& [key, value] : json.items()) {
    const std::size_t axis = index_of(key);
    if (axis == kSweepAxes.size())
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{}: unknown key; the axes are {}", key, axis_names()));
    if (value.is_array() && value.empty())
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{}: no value, so the product is empty", key));
    for (const Json& one : value.is_array() ? value : Json::array({value})) {
      Result<std::string> text = value_from_json(key, one);
      if (!text) return tl::unexpected(text.error());
      spec.values[axis].push_back(std::move(*text));
    }
  }
  return spec;
}

Result<std::vector<std::uint64_t>> parse_range(std::string_view axis, std::string_view text) {
  std::vector<std::uint64_t> values;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view word = text.substr(begin, end - begin);
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t step = 1;
    if (!parse_one_range(word, first, last, step))
      return fail(ErrorCode::kUsage, fmt::format("{}: '{}' is no A, A:B or A:B:STEP", axis, word));
    for (std::uint64_t value = first; value <= last; value += step) values.push_back(value);
    begin = end + 1;
  }
  return values;
}

Result<SweepPoints> expand(const SweepSpec& spec, Catalogue& catalogue) {
  const Result<Product> product = written_out(spec);
  if (!product) return tl::unexpected(product.error());
  SweepPoints result;
  std::array<std::size_t, kSweepAxes.size()> place{};
  do {
    AxisTexts texts;
    for (std::size_t axis = 0; axis < texts.size(); ++axis)
      texts[axis] = (*product)[axis][place[axis]];
    Result<Resolved> resolved = resolve(texts, catalogue);
    if (!resolved) return tl::unexpected(resolved.error());
    if (resolved->does_not_fit.empty()) {
      result.points.push_back(std::move(resolved->point));
    } else {
      ++result.left_out;
      result.why = std::move(resolved->does_not_fit);
    }
  } while (advance(place, *product));
  std::sort(result.points.begin(), result.points.end());
  result.points.erase(std::unique(result.points.begin(), result.points.end()), result.points.end());
  if (result.points.empty())
    return fail(ErrorCode::kInvalidInput, "no point is left: " + result.why);
  return result;
}

std::vector<std::string> cross_alternatives(const std::vector<std::string>& first,
                                            const std::vector<std::string>& second) {
  if (first.empty()) return second;
  std::vector<std::string> joined;
  for (const std::string& a : first) {
    for (const std::string& b : second)
      joined.push_back(a.empty() || b.empty() ? a + b : a + "+" + b);
  }
  return joined;
}

}  // namespace mk
