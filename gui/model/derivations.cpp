#include "gui/model/derivations.h"

#include "gui/model/counters.h"

namespace mk::gui {
namespace {

using SharedTrace = std::shared_ptr<const Trace>;

LoadedTrace* find(Session& session, const SharedTrace& trace) {
  for (LoadedTrace* open : session.traces()) {
    if (open->share() == trace) return open;
  }
  return nullptr;
}

// Installs what `set` takes into the trace that it was made of.
template <typename Set>
Derivation::Install into(SharedTrace trace, Set set) {
  return [trace = std::move(trace), set = std::move(set)](Session& session) {
    LoadedTrace* open = find(session, trace);
    if (open != nullptr) set(*open);
    return open != nullptr;
  };
}

QString key_of(const char* kind, const SharedTrace& trace, const SharedTrace& other = nullptr) {
  return QStringLiteral("%1 %2 %3")
      .arg(QString::fromUtf8(kind))
      .arg(reinterpret_cast<quintptr>(trace.get()))
      .arg(reinterpret_cast<quintptr>(other.get()));
}

Derivation layer_of(const LoadedTrace& open, ColorBy by,
                    const std::shared_ptr<OperatorPalette>& operators) {
  const SharedTrace trace = open.share();
  const std::string name(name_of(by));
  return {QStringLiteral("colours of ") + open.name(), key_of(name.c_str(), trace),
          [trace, by, operators] {
            const std::shared_ptr<const OwnedLayer> layer = make_layer(*trace, by, *operators);
            return into(trace, [by, layer](LoadedTrace& to) { to.install(by, layer); });
          }};
}

Derivation counters_of(const LoadedTrace& open) {
  const SharedTrace trace = open.share();
  return {QStringLiteral("counters of ") + open.name(), key_of("counters", trace), [trace] {
            return into(trace, [counters = gui::counters_of(*trace)](LoadedTrace& to) {
              to.install(counters);
            });
          }};
}

Derivation path_of(LoadedTrace& open) {
  const SharedTrace trace = open.share();
  return {QStringLiteral("critical path of ") + open.name(), key_of("path", trace),
          [trace, index = open.share_index()] {
            const CriticalPath path =
                index != nullptr ? critical_path(*index) : critical_path(TraceIndex(*trace));
            return into(trace, [path](LoadedTrace& to) { to.install(path); });
          }};
}

Derivation matching_of(Session& session, std::size_t second) {
  const SharedTrace first = session.trace(0).share();
  const SharedTrace other = session.trace(second).share();
  return {QStringLiteral("matching %1 and %2")
              .arg(session.trace(0).name(), session.trace(second).name()),
          key_of("matching", first, other), [first, other]() -> Derivation::Install {
            const auto matching = std::make_shared<const Matching>(match_tasks(*first, *other));
            return [first, other, matching](Session& to) {
              for (std::size_t t = 1; t < to.size(); ++t) {
                const bool is_pair = to.trace(0).share() == first && to.trace(t).share() == other;
                if (!is_pair) continue;
                to.install(t, matching);
                return true;
              }
              return false;
            };
          }};
}

Derivation delta_of(const Compared& pair) {
  return {QStringLiteral("differences of %1 and %2").arg(pair.first.name, pair.second.name),
          key_of("delta", pair.first.trace, pair.second.trace), [pair]() -> Derivation::Install {
            const auto delta = std::make_shared<const DeltaLayer>(pair);
            return [delta](Session& to) {
              const bool is_open = find(to, delta->pair().first.trace) != nullptr &&
                                   find(to, delta->pair().second.trace) != nullptr;
              if (is_open) to.install(delta);
              return is_open;
            };
          }};
}

void add_missing(LoadedTrace& trace, Session& session, bool wants_path,
                 std::vector<Derivation>& missing) {
  if (!trace.is_complete()) return;
  if (trace.ready_layer(session.color_by()) == nullptr)
    missing.push_back(layer_of(trace, session.color_by(), session.operators()));
  if (session.arrangement().show_counters && trace.ready_counters() == nullptr)
    missing.push_back(counters_of(trace));
  if (wants_path && trace.ready_critical_path() == nullptr) missing.push_back(path_of(trace));
}

}  // namespace

std::vector<Derivation> missing_derivations(Session& session, bool wants_path) {
  std::vector<Derivation> missing;
  for (LoadedTrace* trace : session.traces()) add_missing(*trace, session, wants_path, missing);
  for (std::size_t t = 1; t < session.size(); ++t) {
    if (session.matching(t) == nullptr) missing.push_back(matching_of(session, t));
  }
  if (!session.lacks_delta()) return missing;
  if (const auto pair = compared(session, 1)) missing.push_back(delta_of(*pair));
  return missing;
}

}  // namespace mk::gui
