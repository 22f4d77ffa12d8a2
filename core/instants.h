// Instants: a column of instants, for millions of slices, in four bytes each.
//
// Entries are offsets from a base that each block of 256 shares; an entry that is more than two
// seconds away from its base is kept whole beside them. A column in which nothing was taken holds
// nothing. Invariant: reading gives back exactly what was set, kNotTaken where nothing was.
//
// As a vector: any number of threads may read, or one change it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <unordered_map>
#include <vector>

#include "core/record.h"

namespace mk {

class Instants {
 public:
  // Reads by value: there is nothing to refer to.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Nanoseconds;
    using difference_type = std::ptrdiff_t;
    using pointer = const Nanoseconds*;
    using reference = Nanoseconds;

    Iterator() = default;
    Iterator(const Instants* column, std::size_t at) : column_(column), at_(at) {}
    Nanoseconds operator*() const { return (*column_)[at_]; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    Iterator operator++(int) { return {column_, at_++}; }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const Instants* column_ = nullptr;
    std::size_t at_ = 0;
  };
  using value_type = Nanoseconds;
  using iterator = Iterator;
  using const_iterator = Iterator;

  Instants() = default;
  Instants(std::initializer_list<Nanoseconds> values) {
    for (const Nanoseconds value : values) push_back(value);
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Requires: k < size(). So does set().
  Nanoseconds operator[](std::size_t k) const {
    if (offset_.empty()) return kNotTaken;
    const std::int32_t offset = offset_[k];
    if (offset >= -kFarthest) return base_[k / kBlock] + offset;
    return offset == kNone ? kNotTaken : far_.at(k);
  }
  void set(std::size_t k, Nanoseconds value);
  void push_back(Nanoseconds value);
  // New entries are kNotTaken.
  void resize(std::size_t size);
  void shrink_to_fit();

  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size_}; }
  // Iff all entries are equal, however they came there.
  friend bool operator==(const Instants& a, const Instants& b);

  // About what it holds on the heap.
  std::size_t bytes() const;

 private:
  static constexpr std::size_t kBlock = 256;
  // Offsets are -kFarthest .. kFarthest, and two more values have a meaning of their own.
  static constexpr std::int32_t kFarthest = std::numeric_limits<std::int32_t>::max() - 1;
  static constexpr std::int32_t kFar = -kFarthest - 1;   // stands in far_
  static constexpr std::int32_t kNone = -kFarthest - 2;  // not taken

  std::size_t size_ = 0;
  std::vector<std::int32_t> offset_{};  // empty iff nothing was ever taken
  std::vector<Nanoseconds> base_{};     // of each block; kNotTaken until something in it was taken
  std::unordered_map<std::size_t, Nanoseconds> far_{};
};

// Instants [first, first + size) of a column, which must outlive the view.
class InstantsView {
 public:
  InstantsView() = default;
  InstantsView(
      const Instants& column)  // NOLINT(google-explicit-constructor): as a span of a vector
      : column_(&column), size_(column.size()) {}
  InstantsView(const Instants& column, std::size_t first, std::size_t size)
      : column_(&column), first_(first), size_(size) {}

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Requires: k < size().
  Nanoseconds operator[](std::size_t k) const { return (*column_)[first_ + k]; }

 private:
  const Instants* column_ = nullptr;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace mk
