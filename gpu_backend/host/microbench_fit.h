// What a body's times at several sizes say about the numbers of a machine's body.
#pragma once

#include <span>

namespace mk::microbench {

// One body: the amounts of its task class (core/task_graph.h), and what it took.
struct BodyPoint {
  double kib = 0;  // of activations
  double flops = 0;
  double us = 0;
};

// us = fixed + per_activation x kib + per_flop x flops.
struct BodyTimes {
  double fixed = 0;
  double per_activation = 0;
  double per_flop = 0;

  double of(const BodyPoint& body) const {
    return fixed + per_activation * body.kib + per_flop * body.flops;
  }
};

// Of a small body flops grow as its activations do: all of it counts as per_activation.
enum class Arithmetic { kApart, kInActivations };

// The times with the least squares of relative errors, none of them negative. Requires: points with
// us > 0, as many as there are times to tell apart.
BodyTimes fit_body(std::span<const BodyPoint> points, Arithmetic arithmetic);

}  // namespace mk::microbench
