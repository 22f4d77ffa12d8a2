// Which SMs share a port to the memory, and in which order a launch takes SMs: neither is public,
// and both differ between two GPUs of one product (which of a GPC's SMs work is the chip's).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace mk::cuda {

// A run in which some SMs, drawn at random, read the same amount each, while the others are idle.
struct PartlyIdleRun {
  std::vector<double> us{};  // by the SM's number; 0: idle
};

// The port of each SM. In a full memory an SM ends the sooner the fewer SMs its port has that
// stream (core/port_share.h), so it gains where one of its own port is idle, about ten times as
// much as where another one is. None: there are no such groups, or the runs do not tell them apart,
// which is said if two SMs of one group do not agree on who belongs to it.
std::optional<std::vector<std::uint32_t>> ports_of(std::span<const PartlyIdleRun> runs,
                                                   std::uint32_t sms);

// SMs in the order in which launches of more and more blocks take them in, by how many of the
// `launches` (each the SMs of its blocks) have one. A launch begins at another GPC each time, so
// several launches of each size say more than one. Requires: numbers below `sms`.
std::vector<std::uint32_t> launch_order(std::span<const std::vector<std::uint32_t>> launches,
                                        std::uint32_t sms);

}  // namespace mk::cuda
