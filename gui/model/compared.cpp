#include "gui/model/compared.h"

#include "gui/model/session.h"

namespace mk::gui {
namespace {

Compared::Side side_of(Session& session, std::size_t at) {
  LoadedTrace& trace = session.trace(at);
  if (session.derives()) {
    for (const ColorBy by : {ColorBy::kOperator, ColorBy::kCause})
      trace.layer(by, *session.operators());
  }
  return {trace.name(),
          trace.share(),
          trace.share_layer(ColorBy::kOperator),
          trace.share_layer(ColorBy::kCause),
          trace.bounds(),
          session.map_of(at)};
}

}  // namespace

std::optional<Compared> compared(Session& session, std::size_t second) {
  Compared pair{side_of(session, 0), side_of(session, second), session.matching(second)};
  if (pair.matching == nullptr || pair.first.by_operator == nullptr ||
      pair.second.by_operator == nullptr)
    return std::nullopt;
  return pair;
}

}  // namespace mk::gui
