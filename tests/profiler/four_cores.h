// The host that tests of calibration plant: each puts in what it is about.
#pragma once

#include "core/machine.h"

namespace mk::testing {

inline void put(Number& number, double value, const char* source = "assumed: a test") {
  number = {value, value, value, source};
}

// Four cores that preload nothing, and bodies that are one tile of 9 GB/s each.
inline Machine four_cores_of_one_kind() {
  Machine m = *load_machine("h100-sxm");
  m.kind = MachineKind::kHost;
  put(m.sms, 4);
  put(m.default_workers, 2);
  put(m.default_schedulers, 1);
  put(m.schedulers_per_sm, 1);
  put(m.clock, 2.5);
  put(m.sm_spread, 0);
  put(m.shared_memory.pages, 0);
  put(m.memory.loaded_latency, 0.1);
  for (BodyNumbers& body : m.bodies) {
    put(body.tile_bytes, 0);
    put(body.bytes_in_flight, 9000);
    put(body.port_limit, 9);
    put(body.start_up, 0.8);
    put(body.epilogue, 0);
    put(body.fixed, 0.4);
    put(body.per_activation, 0);
    put(body.flops_per_cycle, 64);
    put(body.spread, 0.05);
  }
  return m;
}

}  // namespace mk::testing
