#include "gui/timeline/names.h"

#include <algorithm>
#include <cmath>

namespace mk::gui {
namespace {

constexpr int kSmallestName = 26;   // pixels
constexpr int kPreloadHeight = 10;  // lower lanes show no preloads
constexpr std::size_t kMostTexts = 20000;

class LaneNames {
 public:
  LaneNames(QPainter& painter, const SceneTrace& trace, const TimeWindow& window, int left,
            int width, const Theme& theme, TextCache& texts)
      : painter_(painter),
        trace_(trace),
        own_(trace.map.to_own(window)),
        left_(left),
        width_(width),
        theme_(theme),
        texts_(texts) {}

  void draw(std::uint32_t lane, int top, int height) {
    const Bands& bands = trace_.layer->bands;
    std::uint32_t k = first_ending_after(bands, lane, own_.start);
    // Where slices are narrow none has a name: stop looking soon.
    for (int narrow = 0; k < bands.lane_end[lane] && narrow < width_; ++k) {
      const double from = own_.x_of(static_cast<double>(bands.start[k]));
      if (from >= width_) break;
      const double to = own_.x_of(static_cast<double>(bands.end[k]));
      const int x0 = static_cast<int>(std::max(from, 0.0));
      const int x1 = static_cast<int>(std::min(to, static_cast<double>(width_)));
      if (height >= kPreloadHeight) preload(k, x0, top);
      if (x1 - x0 < kSmallestName) {
        ++narrow;
      } else {
        name(k, x0, x1, top, height);
      }
    }
  }

 private:
  void preload(std::uint32_t slice, int x1, int top) {
    if (trace_.trace == nullptr || slice >= trace_.trace->slices.size()) return;
    const Nanoseconds preload = trace_.trace->slices.preload[slice];
    if (preload == kNotTaken) return;
    const int x0 = std::max(0, static_cast<int>(own_.x_of(static_cast<double>(preload))));
    if (x1 - x0 < 2) return;
    const QRgb colour = trace_.layer->entries[trace_.layer->bands.category[slice]].colour;
    painter_.fillRect(left_ + x0, top, x1 - x0, 2, QColor(colour));
  }

  void name(std::uint32_t k, int x0, int x1, int top, int height) {
    const LegendEntry& entry = trace_.layer->entries[trace_.layer->bands.category[k]];
    if (height < texts_.height()) return;
    const bool has_slices =
        trace_.trace != nullptr && trace_.trace->slices.size() == trace_.layer->bands.start.size();
    const QString text =
        has_slices ? slice_name(*trace_.trace, k) : QString::fromStdString(entry.name);
    painter_.setPen(QColor(entry.is_wait ? theme_.text : text_on(entry.colour)));
    const int width = x1 - x0 - 5;
    texts_.draw(painter_, left_ + x0 + 3, top + (height - texts_.height()) / 2, width,
                name_to_fit(text, width, texts_));
  }

  QPainter& painter_;
  const SceneTrace& trace_;
  TimeWindow own_;
  int left_;
  int width_;
  const Theme& theme_;
  TextCache& texts_;
};

// For names: slices are wide enough to have any.
bool is_close(const SceneTrace& trace, const TimeWindow& window) {
  return !(trace.layer->mip && trace.layer->mip->serves(trace.map.to_own(window).ns_per_pixel));
}

}  // namespace

QString slice_name(const Trace& trace, std::size_t slice) {
  const SliceColumns& s = trace.slices;
  if (!s.is_task(slice)) return QString::fromStdString(trace.strings[s.name[slice]]);
  return QString::fromStdString(trace.graph_of(s.iteration[slice]).task_name(s.task[slice]));
}

TextCache::TextCache(const QFont& font)
    : font_(font), metrics_(font), height_(static_cast<int>(std::ceil(metrics_.height()))) {}

TextCache::Entry& TextCache::entry(const QString& text) {
  if (static_cast<std::size_t>(entries_.size()) > kMostTexts) entries_.clear();
  Entry& entry = entries_[text];
  if (entry.text.text().isEmpty() && !text.isEmpty()) {
    ++laid_out_;
    entry.text.setText(text);
    entry.text.setTextFormat(Qt::PlainText);
    entry.text.prepare(QTransform(), font_);
    entry.width = static_cast<int>(std::ceil(metrics_.horizontalAdvance(text)));
  }
  return entry;
}

int TextCache::width(const QString& text) { return entry(text).width; }

void TextCache::draw(QPainter& painter, int x, int y, int width, const QString& text) {
  Entry* whole = &entry(text);
  if (whole->width > width) {
    const QString part = metrics_.elidedText(text, Qt::ElideRight, width);
    if (part.size() < 4) return;
    whole = &entry(part);
  }
  painter.drawStaticText(x, y, whole->text);
}

QString name_to_fit(const QString& name, int width, TextCache& texts) {
  if (texts.width(name) <= width || !name.endsWith(']')) return name;
  const qsizetype layer = name.startsWith('L') ? name.indexOf('.') + 1 : 0;
  const QString tile = name.mid(layer);
  return texts.width(tile) <= width ? tile : tile.left(tile.lastIndexOf('['));
}

void draw_names(QPainter& painter, const Scene& scene, const Viewport& view, const QRect& plot,
                std::optional<std::uint32_t> only_trace, const Theme& theme, TextCache& texts) {
  painter.setFont(texts.font());
  for (const bool pinned : {false, true}) {
    const int clip = pinned ? 0 : scene.pinned_height;
    painter.setClipRect(plot.adjusted(0, clip, 0, 0));
    const int shift = plot.top() - (pinned ? 0 : view.scroll);
    for (const Row& row : scene.rows) {
      if (row.kind != RowKind::kLanes || row.is_pinned != pinned) continue;
      if (row.y + row.height + shift <= plot.top() || row.y + shift > plot.bottom()) continue;
      for (const LaneRef lane : row.lanes) {
        if (only_trace && lane.trace != *only_trace) continue;
        const SceneTrace& trace = scene.traces[lane.trace];
        if (!is_close(trace, view.window)) continue;
        const Scene::Extent extent = scene.extent_of(row, lane);
        LaneNames(painter, trace, view.window, plot.left(), plot.width(), theme, texts)
            .draw(lane.lane, extent.y + shift, extent.height - 1);
      }
    }
  }
  painter.setClipping(false);
}

}  // namespace mk::gui
