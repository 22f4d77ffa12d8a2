// A trace that is open, with what the viewer derives from it, each once and only when asked for.
//
// Everything that is asked of a LoadedTrace may be asked by one thread at a time; making layers is
// slow for large traces and belongs into a worker thread (model/loader.h).
#pragma once

#include <QString>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
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
  // The whole trace in place of its outline, with layers that were made of it.
  void complete(std::shared_ptr<const Trace> whole, std::unique_ptr<OwnedLayer> by_operator,
                std::unique_ptr<OwnedLayer> by_cause);

  // Makes the layer where it is not there yet.
  const BandLayer& layer(ColorBy by, OperatorPalette& operators);
  // null iff not made yet.
  const BandLayer* ready_layer(ColorBy by) const;
  void install(ColorBy by, std::unique_ptr<OwnedLayer> layer);

  const TraceIndex& index();
  const CriticalPath& critical_path();
  // Recorded tracks, then those that follow from the slices: tasks ready, enqueued, running.
  const std::vector<Steps>& counters();

 private:
  QString name_;
  std::string path_;
  std::shared_ptr<const Trace> trace_;
  TimeRange range_{};
  bool is_complete_ = true;
  std::array<std::unique_ptr<OwnedLayer>, 4> layers_{};  // by ColorBy
  std::unique_ptr<TraceIndex> index_{};
  std::optional<CriticalPath> critical_path_{};
  std::optional<std::vector<Steps>> counters_{};
};

// The file's name without folder and extension.
QString trace_name(const std::string& path);

// Reads the file.
Result<std::unique_ptr<LoadedTrace>> load_trace(const std::string& path);

}  // namespace mk::gui
