#include "gui/model/derived.h"

#include <future>

namespace mk::gui {

Derived derive(const Trace& trace, std::shared_ptr<const OwnedLayer> by_operator,
               OperatorPalette& operators, const std::function<void(double part)>& progress) {
  // Causes cost as much as all the rest together.
  std::future<std::unique_ptr<OwnedLayer>> causes =
      std::async(std::launch::async, [&] { return make_layer(trace, ColorBy::kCause, operators); });
  Derived derived;
  derived.by_operator = by_operator != nullptr ? std::move(by_operator)
                                               : make_layer(trace, ColorBy::kOperator, operators);
  progress(0.2);
  const BandLayer& layer = derived.by_operator->layer;
  derived.peers = length_histograms(layer.bands, layer.entries.size());
  progress(0.3);
  auto index = std::make_shared<TraceIndex>(trace);
  progress(0.4);
  derived.bounds = lower_bounds(*index);
  derived.index = std::move(index);
  progress(0.5);
  derived.by_cause = causes.get();
  progress(1);
  return derived;
}

}  // namespace mk::gui
