#include "gui/model/loader.h"

#include <QCoreApplication>

#include "traces/trace_reader.h"

namespace mk::gui {

Loader::Loader(std::shared_ptr<OperatorPalette> operators, QObject* parent)
    : QObject(parent), operators_(std::move(operators)) {
  pool_.setMaxThreadCount(1);  // files open in the order in which they were named
}

Loader::~Loader() {
  cancel();
  pool_.waitForDone();
  QCoreApplication::removePostedEvents(this);
}

void Loader::cancel() { ++generation_; }

void Loader::deliver(std::uint64_t generation, std::function<void()> result) {
  const auto if_wanted = [this, generation, result = std::move(result)] {
    if (generation == generation_) result();
  };
  QMetaObject::invokeMethod(this, if_wanted, Qt::QueuedConnection);
}

void Loader::start(std::function<void(std::uint64_t generation)> work) {
  if (under_way_++ == 0) emit busyChanged(true);
  pool_.start([this, work = std::move(work), generation = generation_.load()] {
    work(generation);
    const auto finished = [this] {
      if (--under_way_ == 0) emit busyChanged(false);
    };
    QMetaObject::invokeMethod(this, finished, Qt::QueuedConnection);
  });
}

void Loader::open(const QString& path) {
  start([this, path](std::uint64_t generation) { read(path, generation); });
}

void Loader::read(const QString& path, std::uint64_t generation) {
  const std::string file = path.toStdString();
  const auto failed = [&](const Error& error) {
    deliver(generation, [this, path, error] { on_failed(path, error); });
  };
  Result<TraceReader> reader = TraceReader::open(file);
  if (!reader) return failed(reader.error());
  Result<Trace> outline = reader->outline();
  if (!outline) return failed(outline.error());
  const auto shared = std::make_shared<const Trace>(*outline);
  auto loaded = std::make_shared<std::unique_ptr<LoadedTrace>>(
      std::make_unique<LoadedTrace>(trace_name(file), file, shared));
  (*loaded)->set_outline_only();
  (*loaded)->layer(ColorBy::kOperator, *operators_);
  deliver(generation, [this, loaded] { on_opened(std::move(*loaded)); });
  if (generation != generation_) return;
  if (const Status completed = reader->complete(*outline); !completed)
    return failed(completed.error());
  auto whole = std::make_shared<WholeTrace>();
  whole->outline = shared;
  whole->trace = std::make_shared<const Trace>(std::move(*outline));
  whole->by_operator = make_layer(*whole->trace, ColorBy::kOperator, *operators_);
  whole->by_cause = make_layer(*whole->trace, ColorBy::kCause, *operators_);
  deliver(generation, [this, whole] { on_completed(std::move(*whole)); });
}

void Loader::adopt(std::unique_ptr<LoadedTrace> trace) {
  auto shared = std::make_shared<std::unique_ptr<LoadedTrace>>(std::move(trace));
  start([this, shared](std::uint64_t generation) {
    (*shared)->layer(ColorBy::kOperator, *operators_);
    (*shared)->layer(ColorBy::kCause, *operators_);
    deliver(generation, [this, shared] { on_opened(std::move(*shared)); });
  });
}

}  // namespace mk::gui
