// How SMs that go through ports (an H100: a third of a GPC each) share a full memory.
//
// Ports take turns: each that has a request waiting gets as much as any other. A streaming SM has
// one waiting with chance p = contention x (1 - granted / demanded): never where the memory gives
// all that is asked for. So a port with k streaming SMs takes part in a turn with chance
// 1 - (1 - p)^k. Where little is missing that is a share for each SM; where much is missing, for
// each port, however many SMs it has.
//
// Source: recorded runs of Llama-3.2-1B on 58 to 132 workers of an H100
// (experiments/gpu_validation/blind/README.md, "who shares a port ends together"): when a port's
// SMs end depends on how many of them are workers, and this law says when to 1.5 %.
#pragma once

#include <cstdint>
#include <span>

namespace mk {

struct PortDemand {
  std::uint32_t streams = 0;  // SMs that stream through it; 0: it takes no part
  double demanded = 0;        // by all of them, any unit
  double allowed = 0;         // out: what it gets; `demanded` itself iff it gets all of that
  double chance = 0;          // out: that it takes part in a turn
};

// What all of them demand.
double demanded_by(std::span<const PortDemand> ports);

// Shares `granted` among the ports: by their chances, and what a port does not ask for goes to the
// others. Requires: 0 < granted; 0 < contention <= 1. The sum of `allowed` is the smaller of
// `granted` and all that is demanded.
void share_by_port(std::span<PortDemand> ports, double granted, double contention);

}  // namespace mk
