#include "core/port_share.h"

#include <algorithm>
#include <array>

namespace mk {
namespace {

// 1 - (1 - p)^k; k times the same small number where p is too small to tell.
class Chances {
 public:
  explicit Chances(double waiting) : waiting_(std::max(waiting, kSmall)) {}
  double of(std::uint32_t streams) {
    if (waiting_ == kSmall) return kSmall * streams;
    if (streams >= few_.size()) return 1 - none_of(streams);
    for (; known_ <= streams; ++known_) few_[known_] = few_[known_ - 1] * (1 - waiting_);
    return 1 - few_[streams];
  }

 private:
  static constexpr double kSmall = 1e-7;
  double none_of(std::uint32_t streams) const {
    double none = 1;
    for (std::uint32_t i = 0; i < streams; ++i) none *= 1 - waiting_;
    return none;
  }
  double waiting_;
  std::array<double, 32> few_{1.0};  // (1 - p)^k, by k
  std::uint32_t known_ = 1;
};

}  // namespace

double demanded_by(std::span<const PortDemand> ports) {
  double demanded = 0;
  for (const PortDemand& port : ports) demanded += port.demanded;
  return demanded;
}

void share_by_port(std::span<PortDemand> ports, double granted, double contention) {
  Chances chances(contention * std::max(0.0, 1 - granted / demanded_by(ports)));
  constexpr double kOpen = -1;
  double chances_left = 0;
  for (PortDemand& port : ports) {
    port.allowed = port.streams > 0 ? kOpen : 0;
    port.chance = chances.of(port.streams);
    chances_left += port.chance;
  }
  double left = granted;
  for (bool has_closed = true; has_closed;) {
    has_closed = false;
    const double each = left / chances_left;
    for (PortDemand& port : ports) {
      if (port.allowed != kOpen || port.demanded > each * port.chance) continue;
      port.allowed = port.demanded;
      left -= port.demanded;
      chances_left -= port.chance;
      has_closed = true;
    }
  }
  const double each = left / chances_left;
  for (PortDemand& port : ports) {
    if (port.allowed == kOpen) port.allowed = each * port.chance;
  }
}

}  // namespace mk
