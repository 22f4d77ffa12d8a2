// Tournament: a priority queue with one slot an entity, replaced in place. All keys of 256 entities
// lie in 3 KiB, and an update is log4(entities) steps without a branch: of the minimum of four
// siblings only the one with the new key has to wait for the level below.
//
// The low kIndexBits bits of a key carry the entity, so that ties are broken by its number.
#pragma once

#include <algorithm>
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
      : leaves_(first_of_level_with(entities)),
        node_(std::size_t{leaves_} + (entities + kWays - 1) / kWays * kWays, kNone) {
    MK_CHECK(entities <= kMaxEntities, "an entity's number fits into a key");
  }

  // The smallest key, kNone iff all are.
  std::uint64_t top() const { return node_[kRoot]; }
  std::uint64_t key(std::uint32_t entity) const { return node_[leaves_ + entity]; }
  static std::uint32_t entity_of(std::uint64_t key) {
    return static_cast<std::uint32_t>(key & kIndexMask);
  }

  void clear(std::uint32_t entity) { store(entity, kNone); }

  // Requires: the low bits of `key` are 0.
  void set(std::uint32_t entity, std::uint64_t key) {
    if (key <= this->key(entity)) return lower(entity, key | entity);
    store(entity, key | entity);
  }

  // Subtracts `amount`, whose low bits are 0, from every key that is set. Requires: none is less.
  void subtract(std::uint64_t amount) {
    for (std::uint64_t& key : node_) {
      if (key != kNone) key -= amount;
    }
  }

 private:
  // Levels of 1, 4, 16 ... nodes lie one behind the other from kRoot on, so that four siblings have
  // numbers 4n .. 4n + 3, and the parent of all of them is n + 2.
  static constexpr std::uint32_t kWays = 4;
  static constexpr std::uint32_t kRoot = 3;
  static std::uint32_t first_of_level_with(std::uint32_t nodes) {
    std::uint32_t first = kRoot;
    for (std::uint32_t size = 1; size < nodes; size *= kWays) first += size;
    return first;
  }

  void store(std::uint32_t entity, std::uint64_t key) {
    std::uint32_t i = leaves_ + entity;
    std::uint64_t* const node = node_.data();
    node[i] = key;
    // One entity: its leaf is the root.
    while (i > kRoot) {
      const std::uint64_t a = node[i ^ 1];
      const std::uint64_t b = node[i ^ 2];
      const std::uint64_t c = node[i ^ 3];
      const std::uint64_t ab = a < b ? a : b;
      const std::uint64_t others = ab < c ? ab : c;
      key = others < key ? others : key;
      i = i / kWays + 2;
      node[i] = key;
    }
  }

  // As store(), where the key was not set or is not smaller than the new one: its siblings do not
  // matter then, so that no level waits for the one below.
  void lower(std::uint32_t entity, std::uint64_t key) {
    std::uint32_t i = leaves_ + entity;
    std::uint64_t* const node = node_.data();
    node[i] = key;
    while (i > kRoot) {
      i = i / kWays + 2;
      node[i] = std::min(node[i], key);
    }
  }

  std::uint32_t leaves_;  // number of the first one
  std::vector<std::uint64_t> node_;
};

}  // namespace mk::simulator
