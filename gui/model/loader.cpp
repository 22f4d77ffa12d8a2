#include "gui/model/loader.h"

#include "traces/trace_reader.h"

namespace mk::gui {
namespace {

// Parts of the whole that opening a file is: measured on 2 M slices.
constexpr double kOutline = 0.35;
constexpr double kDrawable = 0.45;
constexpr double kComplete = 0.75;

}  // namespace

Loader::Loader(std::shared_ptr<OperatorPalette> operators) : operators_(std::move(operators)) {}

void Loader::open(const QString& path) {
  const QString name = trace_name(path.toStdString());
  background_.start({QStringLiteral("opening ") + name}, [this, path](const Job& job) {
    const Status done = is_sweep_file(path.toStdString()) ? read_sweep(path, job) : read(path, job);
    if (!done) job.deliver([this, path, error = done.error()] { on_failed(path, error); });
  });
}

Status Loader::read_sweep(const QString& path, const Job& job) {
  Result<OpenedSweep> sweep = read_sweep_file(path.toStdString());
  if (!sweep) return tl::unexpected(sweep.error());
  job.deliver([this, path, sweep = *sweep] { on_sweep(path, sweep); });
  return {};
}

Status Loader::read(const QString& path, const Job& job) {
  const std::string file = path.toStdString();
  Result<TraceReader> reader = TraceReader::open(file);
  if (!reader) return tl::unexpected(reader.error());
  reader->set_progress([&job](double part) { return job.progress(part * kOutline); });
  Result<Trace> outline = reader->outline();
  if (!outline) return tl::unexpected(outline.error());
  const auto shared = std::make_shared<const Trace>(std::move(*outline));
  auto loaded = std::make_shared<std::unique_ptr<LoadedTrace>>(
      std::make_unique<LoadedTrace>(trace_name(file), file, shared));
  (*loaded)->set_outline_only();
  const std::shared_ptr<const OwnedLayer> drawn =
      make_layer(*shared, ColorBy::kOperator, *operators_);
  (*loaded)->install(ColorBy::kOperator, drawn);
  job.deliver([this, loaded] { on_opened(std::move(*loaded)); });
  reader->set_progress(
      [&job](double part) { return job.progress(kDrawable + part * (kComplete - kDrawable)); });
  auto completed = std::make_shared<Trace>(*shared);
  if (const Status status = reader->complete(*completed); !status) return status;
  auto whole = std::make_shared<WholeTrace>();
  whole->outline = shared;
  whole->trace = std::move(completed);
  whole->derived =
      derive(*whole->trace, rebound(*drawn, *whole->trace), *operators_,
             [&job](double part) { job.progress(kComplete + part * (1 - kComplete)); });
  job.deliver([this, whole] { on_completed(std::move(*whole)); });
  return {};
}

void Loader::adopt(std::unique_ptr<LoadedTrace> trace) {
  auto shared = std::make_shared<std::unique_ptr<LoadedTrace>>(std::move(trace));
  background_.start({QStringLiteral("opening ") + (*shared)->name()},
                    [this, shared](const Job& job) {
                      LoadedTrace& made = **shared;
                      made.install(derive(made.trace(), nullptr, *operators_,
                                          [&job](double part) { job.progress(part); }));
                      job.deliver([this, shared] { on_opened(std::move(*shared)); });
                    });
}

}  // namespace mk::gui
