// Tournament: a priority queue with one slot an entity, replaced in place. All keys of 128 entities
// lie in 2 KiB, and an update is log2(entities) steps without a branch.
//
// The low kIndexBits bits of a key carry the entity, so that ties are broken by its number.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/check.h"

namespace mk::simulator {

class Tournament {
 public:
  static constexpr unsigned kIndexBits = 12;
  static constexpr std::uint32_t kMaxEntities = 1U << kIndexBits;
  static constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();
  static constexpr std::uint64_t kIndexMask = kMaxEntities - 1;

  explicit Tournament(std::uint32_t entities)
      : leaves_(std::bit_ceil(entities)), node_(2 * std::size_t{leaves_}, kNone) {
    MK_CHECK(entities <= kMaxEntities, "an entity's number fits into a key");
  }

  // The smallest key, kNone iff all are.
  std::uint64_t top() const { return node_[1]; }
  std::uint64_t key(std::uint32_t entity) const { return node_[leaves_ + entity]; }
  static std::uint32_t entity_of(std::uint64_t key) {
    return static_cast<std::uint32_t>(key & kIndexMask);
  }

  void clear(std::uint32_t entity) { store(entity, kNone); }

  // Requires: the low bits of `key` are 0.
  void set(std::uint32_t entity, std::uint64_t key) { store(entity, key | entity); }

  // Subtracts `amount`, whose low bits are 0, from every key that is set. Requires: none is less.
  void subtract(std::uint64_t amount) {
    for (std::uint64_t& key : node_) {
      if (key != kNone) key -= amount;
    }
  }

 private:
  void store(std::uint32_t entity, std::uint64_t key) {
    std::uint32_t i = leaves_ + entity;
    std::uint64_t* const node = node_.data();
    node[i] = key;
    // One entity: its leaf is the root.
    for (; i > 1; i >>= 1) {
      const std::uint64_t other = node[i ^ 1];
      key = other < key ? other : key;
      node[i >> 1] = key;
    }
  }

  std::uint32_t leaves_;
  std::vector<std::uint64_t> node_;
};

}  // namespace mk::simulator
