#include "core/instants.h"

#include <gmock/gmock.h>

#include <random>

namespace mk {
namespace {

using ::testing::ElementsAre;

constexpr Nanoseconds kSecond = 1'000'000'000;

TEST(Instants, GiveBackWhatWasSetInAnyOrderAndAtAnyDistance) {
  // A vector says what is right; instants are near each other, seconds apart and years apart.
  std::mt19937_64 engine(5);
  const Nanoseconds spreads[] = {1000, 3 * kSecond, Nanoseconds{1} << 61};
  std::vector<Nanoseconds> wanted(3000, kNotTaken);
  Instants column;
  column.resize(wanted.size());
  for (int k = 0; k < 20000; ++k) {
    const std::size_t at = engine() % wanted.size();
    const Nanoseconds spread = spreads[engine() % 3];
    const auto value = static_cast<Nanoseconds>(engine() % static_cast<std::uint64_t>(2 * spread));
    wanted[at] = engine() % 5 == 0 ? kNotTaken : value - spread;
    column.set(at, wanted[at]);
  }
  EXPECT_TRUE(std::equal(wanted.begin(), wanted.end(), column.begin(), column.end()));
  for (std::size_t k = 0; k < wanted.size(); ++k) ASSERT_EQ(column[k], wanted[k]) << k;
}

TEST(Instants, KeepTheLargestAndTheSmallestThereAre) {
  const Nanoseconds largest = std::numeric_limits<Nanoseconds>::max();
  const Instants column{largest, kNotTaken + 1, 0, largest - 1};
  EXPECT_THAT(column, ElementsAre(largest, kNotTaken + 1, 0, largest - 1));
}

TEST(Instants, AreExactAtTheEdgeOfFourBytes) {
  const Nanoseconds edge = std::numeric_limits<std::int32_t>::max() - 1;
  Instants column{100};
  for (const Nanoseconds away : {edge - 1, edge, edge + 1, edge + 2, edge + 3}) {
    column.push_back(100 + away);
    column.push_back(100 - away);
    EXPECT_EQ(column[column.size() - 2], 100 + away);
    EXPECT_EQ(column[column.size() - 1], 100 - away);
  }
}

TEST(Instants, OfAColumnThatWasNeverTakenTakeNothing) {
  Instants column;
  column.resize(1'000'000);
  column.set(17, kNotTaken);
  EXPECT_EQ(column.bytes(), 0U);
  EXPECT_EQ(column[999'999], kNotTaken);
}

TEST(Instants, OfOneRunTakeLittleMoreThanFourBytes) {
  Instants column;
  column.resize(100'000);
  for (std::size_t k = 0; k < column.size(); ++k)
    column.set(k, static_cast<Nanoseconds>(k) * 5000 + 3600 * kSecond);
  EXPECT_LT(column.bytes(), 4.1 * 100'000);
}

TEST(Instants, AreEqualWhereTheirEntriesAre) {
  Instants a{1, kNotTaken, 3};
  Instants b;
  b.resize(3);
  EXPECT_FALSE(a == b);
  b.set(2, 10 * kSecond);  // another base, and an entry that was far
  b.set(0, 1);
  b.set(2, 3);
  EXPECT_TRUE(a == b);
  a.resize(2);
  EXPECT_THAT(a, ElementsAre(1, kNotTaken));
  a.resize(3);
  EXPECT_EQ(a[2], kNotTaken);
}

TEST(InstantsView, IsAPartOfItsColumn) {
  const Instants column{5, 6, 7};
  const InstantsView all = column;
  const InstantsView last(column, 1, 2);
  EXPECT_EQ(all.size(), 3U);
  EXPECT_EQ(last.size(), 2U);
  EXPECT_EQ(last[1], 7);
  EXPECT_TRUE(InstantsView().empty());
}

}  // namespace
}  // namespace mk
