#include "gui/app/screenshot.h"

#include <fmt/format.h>

#include <algorithm>

#include "gui/app/save_png.h"
#include "gui/model/overlays.h"
#include "gui/timeline/fonts.h"
#include "gui/timeline/picture.h"

namespace mk::gui {
namespace {

Status open_all(Session& session, const QStringList& paths) {
  for (const QString& path : paths) {
    Result<std::unique_ptr<LoadedTrace>> trace = load_trace(path.toStdString());
    if (!trace) return tl::unexpected(trace.error());
    (*trace)->layer(ColorBy::kCause, *session.operators());
    session.add(std::move(*trace));
  }
  return {};
}

}  // namespace

Viewport apply_options(Session& session, const Options& options, const QSize& size) {
  if (options.color_by) session.set_color_by(*options.color_by);
  Alignment alignment = session.alignment();
  alignment.by = options.align_by.value_or(alignment.by);
  session.set_alignment(alignment);
  Arrangement arrangement = session.arrangement();
  arrangement.mode = options.mode.value_or(arrangement.mode);
  arrangement.show_counters = arrangement.show_counters || options.counters;
  session.set_arrangement(arrangement);
  PictureCache cache(text_font(kPlotFontSize));
  const Layout layout = picture_layout(session.scene(), size, {}, cache);
  arrangement.row_height = options.row_height > 0
                               ? options.row_height
                               : fitting_row_height(session, layout.plot_height());
  session.set_arrangement(arrangement);
  const TimeRange range = options.range.value_or(session.scene().range);
  return {fitted(range, layout.plot_width()), 0};
}

Result<SliceRef> find_selected(Session& session, const QString& select) {
  const QStringList parts = select.split('@');
  if (session.size() == 0) return fail(ErrorCode::kNotFound, "no trace is open");
  LoadedTrace& trace = session.trace(0);
  const auto count = static_cast<std::uint32_t>(trace.trace().iterations.size());
  if (count == 0) return fail(ErrorCode::kNotFound, "the trace has no iteration");
  bool is_number = true;
  const std::uint32_t iteration = parts.size() > 1 ? parts[1].toUInt(&is_number) : count / 2;
  if (!is_number || iteration >= count)
    return fail(ErrorCode::kNotFound,
                fmt::format("{}: iterations are 0 .. {}", select.toStdString(), count - 1));
  const Result<std::uint32_t> task =
      find_task(trace.trace().graph_of(iteration), parts[0].toStdString());
  if (!task) return tl::unexpected(task.error());
  const TraceIndex* index = trace.index();
  if (index == nullptr) return fail(ErrorCode::kNotFound, "the trace is not whole yet");
  const std::uint32_t slice = index->slice_of(iteration, *task);
  if (slice == kNoIndex)
    return fail(ErrorCode::kNotFound, fmt::format("{}: not recorded", select.toStdString()));
  return SliceRef{0, slice};
}

Result<QImage> draw_screenshot(const Options& options) {
  // Texts would look different and take other room: no picture to compare with others.
  if (const Status fonts = load_fonts(); !fonts) return tl::unexpected(fonts.error());
  Session session;
  if (const Status opened = open_all(session, options.traces); !opened)
    return tl::unexpected(opened.error());
  Viewport view = apply_options(session, options, options.size);
  Overlay overlay;
  if (options.critical_path) overlay.path = path_steps(session);
  if (!options.select.isEmpty()) {
    const Result<SliceRef> slice = find_selected(session, options.select);
    if (!slice) return tl::unexpected(slice.error());
    select_slice(session, *slice, overlay);
  }
  const PictureOptions picture{options.theme.value_or(ThemeName::kDark), options.pixel_ratio, {}};
  return draw_picture(session.scene(), view, overlay, options.size, picture,
                      text_font(kPlotFontSize));
}

Status write_screenshot(const Options& options) {
  const Result<QImage> image = draw_screenshot(options);
  if (!image) return tl::unexpected(image.error());
  return save_png(*image, options.screenshot);
}

}  // namespace mk::gui
