#include "gui/model/loader.h"

#include <QCoreApplication>

namespace mk::gui {

Loader::Loader(std::shared_ptr<OperatorPalette> operators, QObject* parent)
    : QObject(parent), operators_(std::move(operators)) {}

Loader::~Loader() {
  cancel();
  pool_.waitForDone();
  QCoreApplication::removePostedEvents(this);
}

void Loader::finished() {
  if (--under_way_ == 0) emit busyChanged(false);
}

void Loader::cancel() { ++generation_; }

void Loader::open(const QString& path) {
  if (under_way_++ == 0) emit busyChanged(true);
  const std::uint64_t generation = generation_;
  pool_.start([this, path, generation] {
    auto trace =
        std::make_shared<Result<std::unique_ptr<LoadedTrace>>>(load_trace(path.toStdString()));
    if (*trace) (**trace)->layer(ColorBy::kOperator, *operators_);
    const auto deliver = [this, path, generation, trace] {
      finished();
      if (generation != generation_) return;
      *trace ? on_opened(std::move(**trace)) : on_failed(path, trace->error());
    };
    QMetaObject::invokeMethod(this, deliver, Qt::QueuedConnection);
  });
}

void Loader::make(std::shared_ptr<const Trace> trace, ColorBy by) {
  if (under_way_++ == 0) emit busyChanged(true);
  const std::uint64_t generation = generation_;
  pool_.start([this, trace = std::move(trace), by, generation] {
    auto layer = std::make_shared<std::unique_ptr<OwnedLayer>>(make_layer(*trace, by, *operators_));
    const auto deliver = [this, trace, by, generation, layer] {
      finished();
      if (generation == generation_) on_layer(trace, by, std::move(*layer));
    };
    QMetaObject::invokeMethod(this, deliver, Qt::QueuedConnection);
  });
}

}  // namespace mk::gui
