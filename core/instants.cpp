#include "core/instants.h"

#include <algorithm>

namespace mk {

void Instants::set(std::size_t k, Nanoseconds value) {
  if (offset_.empty()) {
    if (value == kNotTaken) return;
    offset_.assign(size_, kNone);
    base_.assign((size_ + kBlock - 1) / kBlock, kNotTaken);
  }
  std::int32_t& offset = offset_[k];
  if (offset == kFar) far_.erase(k);
  if (value == kNotTaken) {
    offset = kNone;
    return;
  }
  Nanoseconds& base = base_[k / kBlock];
  if (base == kNotTaken) base = value;
  Nanoseconds away = 0;
  const bool is_near =
      !__builtin_sub_overflow(value, base, &away) && away >= -kFarthest && away <= kFarthest;
  offset = is_near ? static_cast<std::int32_t>(away) : kFar;
  if (!is_near) far_[k] = value;
}

void Instants::push_back(Nanoseconds value) {
  if (!offset_.empty()) {
    offset_.push_back(kNone);
    if (size_ % kBlock == 0) base_.push_back(kNotTaken);
  }
  ++size_;
  set(size_ - 1, value);
}

void Instants::resize(std::size_t size) {
  for (std::size_t k = size; k < size_ && !far_.empty(); ++k) far_.erase(k);
  size_ = size;
  if (offset_.empty()) return;
  offset_.resize(size, kNone);
  base_.resize((size + kBlock - 1) / kBlock, kNotTaken);
}

void Instants::shrink_to_fit() {
  offset_.shrink_to_fit();
  base_.shrink_to_fit();
}

bool operator==(const Instants& a, const Instants& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
}

std::size_t Instants::bytes() const {
  constexpr std::size_t kFarEntry =
      48;  // of a hash table: the pair, its node, its share of buckets
  return offset_.capacity() * sizeof(offset_[0]) + base_.capacity() * sizeof(base_[0]) +
         far_.size() * kFarEntry;
}

}  // namespace mk
