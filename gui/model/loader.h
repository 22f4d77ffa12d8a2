// Opens files in worker threads, so that the window stays alive: first what is painted, then the
// rest.
//
// Results come on the loader's own thread, by its event loop. Cancelled and failed files leave what
// is open as it was.
#pragma once

#include <QObject>
#include <QString>
#include <QThreadPool>
#include <atomic>
#include <functional>
#include <memory>

#include "gui/model/loaded_trace.h"

namespace mk::gui {

// The rest of a trace whose outline was opened.
struct WholeTrace {
  std::shared_ptr<const Trace> outline{};
  std::shared_ptr<const Trace> trace{};
  std::unique_ptr<OwnedLayer> by_operator{};
  std::unique_ptr<OwnedLayer> by_cause{};
};

class Loader : public QObject {
  Q_OBJECT

 public:
  explicit Loader(std::shared_ptr<OperatorPalette> operators, QObject* parent = nullptr);
  // Waits for its threads.
  ~Loader() override;

  void open(const QString& path);
  // Derives what the window shows of a trace that was made in this program.
  void adopt(std::unique_ptr<LoadedTrace> trace);
  // What is under way is dropped when it arrives.
  void cancel();
  bool is_busy() const { return under_way_ > 0; }

  // Where results go. Set once, before anything is opened.
  std::function<void(std::unique_ptr<LoadedTrace>)> on_opened{};
  std::function<void(WholeTrace)> on_completed{};
  std::function<void(const QString& path, const Error& error)> on_failed{};

 signals:
  void busyChanged(bool is_busy);

 private:
  void read(const QString& path, std::uint64_t generation);
  // Runs `result` on the loader's thread, unless it was cancelled meanwhile.
  void deliver(std::uint64_t generation, std::function<void()> result);
  void start(std::function<void(std::uint64_t generation)> work);

  std::shared_ptr<OperatorPalette> operators_;
  std::atomic<std::uint64_t> generation_ = 0;  // results of earlier ones are dropped
  int under_way_ = 0;
  QThreadPool pool_{};
};

}  // namespace mk::gui
