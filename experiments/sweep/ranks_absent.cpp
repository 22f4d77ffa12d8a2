// Builds without MPI: one rank, which never leads others.
#include "core/check.h"
#include "experiments/sweep/ranks.h"

namespace mk {

Result<Ranks> Ranks::join() { return Ranks(0, 1); }
Ranks::Ranks(Ranks&&) noexcept = default;
Ranks::~Ranks() = default;

void Ranks::lead(const std::vector<SweepPoint>&, const std::vector<std::size_t>&, const Catalogue&,
                 std::uint32_t, const Take&) {
  MK_CHECK(false, "a job of one rank runs its points itself");
}

void Ranks::serve(const std::vector<SweepPoint>&, const Catalogue&, std::uint32_t) {
  MK_CHECK(false, "there is no other rank");
}

}  // namespace mk
