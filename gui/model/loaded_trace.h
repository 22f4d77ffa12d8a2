// A trace that is open, with what the viewer derives from it, each once and only when asked for.
//
// Everything that is asked of a LoadedTrace may be asked by one thread at a time. Functions named
// ready_... and share_... derive nothing; the others make what is not there yet, which is slow for
// large traces: a window asks them only where it is ready, and has it made in a thread and
// installed (model/derivations.h, model/loader.h).
#pragma once

#include <QString>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "gui/model/derived.h"
#include "gui/model/layers.h"
#include "gui/timeline/scene.h"
#include "profiler/analysis/critical_path.h"
#include "profiler/analysis/trace_index.h"
#include "traces/trace.h"

namespace mk::gui {

class LoadedTrace {
 public:
  // `path` may be empty: made in this program and not saved.
  LoadedTrace(QString name, std::string path, std::shared_ptr<const Trace> trace);

  const QString& name() const { return name_; }
  const std::string& path() const { return path_; }
  const Trace& trace() const { return *trace_; }
  std::shared_ptr<const Trace> share() const { return trace_; }
  // From the first to the last instant of slices and iterations.
  TimeRange range() const { return range_; }

  // False while only lane, task, start and end of slices are there.
  bool is_complete() const { return is_complete_; }
  void set_outline_only() { is_complete_ = false; }
  // The whole trace in place of its outline, with what was derived of it.
  void complete(std::shared_ptr<const Trace> whole, Derived derived);

  const BandLayer& layer(ColorBy by, OperatorPalette& operators);
  // null iff not made yet. So is share_layer().
  const BandLayer* ready_layer(ColorBy by) const;
  std::shared_ptr<const OwnedLayer> share_layer(ColorBy by) const { return layers_[at(by)]; }

  // null iff only the outline is there.
  const TraceIndex* index();
  std::shared_ptr<const TraceIndex> share_index() const { return index_; }
  // Lower bounds of the run; none of an outline.
  const std::vector<RunBound>& bounds();
  // The lengths of all slices that have the slice's operator or name; null iff only the outline is
  // there.
  const Histogram* peers(std::uint32_t slice, OperatorPalette& operators);

  const CriticalPath& critical_path();
  const CriticalPath* ready_critical_path() const {
    return critical_path_ ? &*critical_path_ : nullptr;
  }
  // Recorded tracks, then those that follow from the slices: tasks ready, enqueued, running.
  const std::vector<Steps>& counters();
  const std::vector<Steps>* ready_counters() const { return counters_ ? &*counters_ : nullptr; }

  void install(Derived derived);
  void install(ColorBy by, std::shared_ptr<const OwnedLayer> layer) {
    layers_[at(by)] = std::move(layer);
  }
  void install(CriticalPath path) { critical_path_ = std::move(path); }
  void install(std::vector<Steps> counters) { counters_ = std::move(counters); }

 private:
  static std::size_t at(ColorBy by) { return static_cast<std::size_t>(by); }

  QString name_;
  std::string path_;
  std::shared_ptr<const Trace> trace_;
  TimeRange range_{};
  bool is_complete_ = true;
  std::array<std::shared_ptr<const OwnedLayer>, 4> layers_{};  // by ColorBy
  std::shared_ptr<const TraceIndex> index_{};
  std::optional<std::vector<Histogram>> peers_{};
  std::optional<std::vector<RunBound>> bounds_{};
  std::optional<CriticalPath> critical_path_{};
  std::optional<std::vector<Steps>> counters_{};
};

// The file's name without folder and extension.
QString trace_name(const std::string& path);

// Reads the file.
Result<std::unique_ptr<LoadedTrace>> load_trace(const std::string& path);

}  // namespace mk::gui
