// Opens files in worker threads, so that the window stays alive: first what is painted, then
// causes.
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

class Loader : public QObject {
  Q_OBJECT

 public:
  explicit Loader(std::shared_ptr<OperatorPalette> operators, QObject* parent = nullptr);
  // Waits for its threads.
  ~Loader() override;

  void open(const QString& path);
  // Makes a layer for a trace that is open.
  void make(std::shared_ptr<const Trace> trace, ColorBy by);
  // What is under way is dropped when it arrives.
  void cancel();
  bool is_busy() const { return under_way_ > 0; }

  // Where results go. Set once, before anything is opened.
  std::function<void(std::unique_ptr<LoadedTrace>)> on_opened{};
  std::function<void(const QString& path, const Error& error)> on_failed{};
  std::function<void(const std::shared_ptr<const Trace>&, ColorBy, std::unique_ptr<OwnedLayer>)>
      on_layer{};

 signals:
  void busyChanged(bool is_busy);

 private:
  void finished();

  std::shared_ptr<OperatorPalette> operators_;
  std::atomic<std::uint64_t> generation_ = 0;  // results of earlier ones are dropped
  int under_way_ = 0;
  QThreadPool pool_{};
};

}  // namespace mk::gui
