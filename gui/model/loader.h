// Opens files in a worker thread, so that the window stays alive: first what is painted, then the
// rest.
//
// Results come on the loader's own thread, by its event loop. Cancelled and failed files leave what
// is open as it was.
#pragma once

#include <QString>
#include <functional>
#include <memory>

#include "gui/model/background.h"
#include "gui/model/loaded_trace.h"
#include "gui/model/sweep_map.h"

namespace mk::gui {

// The rest of a trace whose outline was opened.
struct WholeTrace {
  std::shared_ptr<const Trace> outline{};
  std::shared_ptr<const Trace> trace{};
  Derived derived{};
};

class Loader {
 public:
  explicit Loader(std::shared_ptr<OperatorPalette> operators);

  // A trace, or a sweep.
  void open(const QString& path);
  // Derives what the window shows of a trace that was made in this program.
  void adopt(std::unique_ptr<LoadedTrace> trace);
  void cancel() { background_.cancel(); }
  bool is_busy() const { return background_.is_busy(); }
  Background& background() { return background_; }

  // Where results go. Set once, before anything is opened.
  std::function<void(std::unique_ptr<LoadedTrace>)> on_opened{};
  std::function<void(WholeTrace)> on_completed{};
  std::function<void(const QString& path, OpenedSweep sweep)> on_sweep{};
  std::function<void(const QString& path, const Error& error)> on_failed{};

 private:
  Status read(const QString& path, const Job& job);
  Status read_sweep(const QString& path, const Job& job);

  std::shared_ptr<OperatorPalette> operators_;
  Background background_{RunIn::kThread};  // last, so that its thread ends first
};

}  // namespace mk::gui
