#include "gui/timeline/body.h"

#include <QSemaphore>
#include <QThreadPool>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "gui/timeline/columns.h"

namespace mk::gui {
namespace {

constexpr int kLowRow = 9;  // device pixels: below, a lane has no room for bands

constexpr double kEdged = 4;  // pixels: wider slices get an edge

// Colours by category and share, over one background.
class ColourTable {
 public:
  ColourTable(const std::vector<LegendEntry>& entries, QRgb background)
      : colours_(entries.size() * kShares) {
    // A column with little in it still shows its colour.
    for (std::size_t c = 0; c < entries.size(); ++c) {
      for (std::size_t s = 0; s < kShares; ++s) {
        const int part = 56 + static_cast<int>(s * (255 - 56) / (kShares - 1));
        colours_[c * kShares + s] = mixed(entries[c].colour, background, part);
      }
    }
  }
  QRgb operator()(std::uint8_t category, std::uint8_t share) const {
    return colours_[category * kShares + share / (256 / kShares)];
  }

 private:
  static constexpr std::size_t kShares = 64;
  std::vector<QRgb> colours_;
};

// What drawing a lane needs room for, used again from lane to lane.
struct Scratch {
  std::vector<QRgb> line{};
  std::vector<QRgb> low{};
  std::vector<Run> runs{};
  std::vector<Run> waits{};
};

struct Tables {
  std::vector<ColourTable> of_trace{};
  std::vector<bool> has_waits{};  // among what the trace's own layer shows
  std::vector<ColourTable> of_waits{};
};

// A stretch of device pixels of the whole picture, as its own window.
struct Strip {
  int x = 0;
  int width = 0;
};

class BodyPainter {
 public:
  BodyPainter(const Scene& scene, const BodySpec& spec, QImage& image, Strip strip)
      : scene_(scene),
        spec_(spec),
        strip_(strip),
        bits_(image.bits()),
        stride_(image.bytesPerLine()),
        height_(image.height()),
        theme_(theme_of(spec.theme)) {
    const TimeWindow& window = spec.view.window;
    window_ = {window.start, window.ns_per_pixel / spec.pixel_ratio};
    window_.start = window_.time_at(strip.x);
    for (const SceneTrace& trace : scene.traces) {
      tables_.of_trace.emplace_back(trace.layer->entries, theme_.background);
      tables_.has_waits.push_back(
          std::any_of(trace.layer->entries.begin(), trace.layer->entries.end(),
                      [](const LegendEntry& entry) { return entry.is_wait; }));
      static const std::vector<LegendEntry> kNoEntries;
      tables_.of_waits.emplace_back(trace.waits ? trace.waits->entries : kNoEntries,
                                    theme_.background);
    }
  }

  // Rows [first, end) of the scene.
  void rows(std::size_t first, std::size_t end) const {
    Scratch scratch;
    scratch.line.resize(static_cast<std::size_t>(strip_.width));
    scratch.low.resize(scratch.line.size());
    for (std::size_t r = first; r < end; ++r) row(scene_.rows[r], scratch);
  }

  void fill(int top, int bottom, QRgb colour) const {
    for (int y = std::max(top, 0); y < std::min(bottom, height_); ++y)
      std::fill_n(pixels(y), strip_.width, colour);
  }

 private:
  QRgb* pixels(int y) const {
    return reinterpret_cast<QRgb*>(bits_ + static_cast<std::ptrdiff_t>(y) * stride_) + strip_.x;
  }
  int device(int y) const { return static_cast<int>(std::lround(y * spec_.pixel_ratio)); }

  void row(const Row& row, Scratch& scratch) const {
    const int shift = row.is_pinned ? 0 : spec_.view.scroll;
    const int clip = row.is_pinned ? 0 : device(scene_.pinned_height);
    if (row.kind != RowKind::kLanes) {
      const QRgb colour = row.kind == RowKind::kGroup ? theme_.group : theme_.background;
      return fill(std::max(device(row.y - shift), clip), device(row.y + row.height - shift),
                  colour);
    }
    for (std::size_t k = 0; k < row.lanes.size(); ++k) {
      const LaneRef lane = row.lanes[k];
      if (spec_.only_trace && lane.trace != *spec_.only_trace) continue;
      const Scene::Extent extent = scene_.extent_of(row, lane);
      const int top = device(extent.y - shift);
      const int bottom = device(extent.y + extent.height - shift);
      if (bottom <= clip || top >= height_) continue;
      const bool is_last = spec_.only_trace || k + 1 == row.lanes.size();
      const int below = row.lanes.size() > 1 && !spec_.only_trace ? 3 : 1;
      const int gap = is_last && bottom - top >= 5 ? below : 0;
      const QRgb under = (lane.lane & 1U) != 0 ? theme_.alternate : theme_.background;
      const bool is_low = bottom - top < kLowRow;
      lane_lines(lane, under, is_low, scratch);
      const int low_from = bottom - gap - std::max(3, (bottom - top) / 3);
      for (int y = std::max(top, clip); y < std::min(bottom - gap, height_); ++y) {
        const std::vector<QRgb>& source = y >= low_from ? scratch.low : scratch.line;
        std::memcpy(pixels(y), source.data(), source.size() * sizeof(QRgb));
      }
      fill(std::max(bottom - gap, clip), bottom, theme_.background);
    }
  }

  // One scan line of slices, and one for the lane's lower part, where waits stand between them.
  // On a row that is too low for that, waits are faint instead.
  void lane_lines(LaneRef lane, QRgb under, bool is_low, Scratch& scratch) const {
    const SceneTrace& trace = scene_.traces[lane.trace];
    const TimeWindow own = trace.map.to_own(window_);
    auto& [line, low, runs, waits] = scratch;
    std::fill(line.begin(), line.end(), under);
    runs.clear();
    waits.clear();
    if (trace.layer->bands.count(lane.lane) == 0 && trace.waits != nullptr)
      return lane_of_causes(lane, own, under, scratch);
    append_runs(trace.layer->bands, mip_of(*trace.layer), lane.lane, own, strip_.width, runs);
    const bool is_close = !(trace.layer->mip && trace.layer->mip->serves(own.ns_per_pixel * 2));
    const ColourTable& table = tables_.of_trace[lane.trace];
    if (is_close && trace.waits != nullptr) {
      append_runs(trace.waits->bands, mip_of(*trace.waits), lane.lane, own, strip_.width, waits);
      if (is_low) draw_faint(waits, *trace.waits, under, line);
    }
    low = line;
    if (!is_low) draw_waits(waits, trace, tables_.of_waits[lane.trace], low);
    draw_slices(runs, trace, own, table, line);
    if (tables_.has_waits[lane.trace]) {
      if (!is_low) draw_slices(runs, trace, own, table, low);
      hide_waiting(runs, trace, under, line);
      if (is_low) draw_faint(runs, *trace.layer, under, line);
    } else if (!waits.empty() && !is_low) {
      return draw_slices(runs, trace, own, table, low);
    } else {
      is_low = true;  // nothing stands low: both lines are the same
    }
    if (is_low) low = line;
  }

  // A lane without slices shows what is known of it besides: a scheduler's dispatching.
  void lane_of_causes(LaneRef lane, const TimeWindow& own, QRgb under, Scratch& scratch) const {
    auto& [line, low, runs, waits] = scratch;
    const SceneTrace& trace = scene_.traces[lane.trace];
    append_runs(trace.waits->bands, mip_of(*trace.waits), lane.lane, own, strip_.width, runs);
    const ColourTable& table = tables_.of_waits[lane.trace];
    for (const Run& run : runs) {
      const LegendEntry& entry = trace.waits->entries[run.category];
      const QRgb colour =
          entry.is_wait ? mixed(entry.colour, under, 40) : table(run.category, run.share);
      std::fill(line.begin() + run.x0, line.begin() + run.x1, colour);
    }
    low = line;
  }

  static void draw_faint(const std::vector<Run>& runs, const BandLayer& layer, QRgb under,
                         std::vector<QRgb>& line) {
    for (const Run& run : runs) {
      const LegendEntry& entry = layer.entries[run.category];
      if (!entry.is_wait) continue;
      const QRgb colour = mixed(entry.colour, under, run.share / 3);
      std::fill(line.begin() + run.x0, line.begin() + run.x1, colour);
    }
  }

  static const Mip* mip_of(const BandLayer& layer) { return layer.mip ? &*layer.mip : nullptr; }

  static void draw_waits(const std::vector<Run>& runs, const SceneTrace& trace,
                         const ColourTable& table, std::vector<QRgb>& line) {
    for (const Run& run : runs) {
      if (!trace.waits->entries[run.category].is_wait) continue;
      std::fill(line.begin() + run.x0, line.begin() + run.x1, table(run.category, run.share));
    }
  }

  static void draw_slices(const std::vector<Run>& runs, const SceneTrace& trace,
                          const TimeWindow& own, const ColourTable& table,
                          std::vector<QRgb>& line) {
    for (const Run& run : runs) {
      const QRgb colour = table(run.category, run.share);
      QRgb* const pixel = line.data() + run.x0;
      pixel[0] = colour;
      if (run.x1 - run.x0 > 1) std::fill(pixel + 1, line.data() + run.x1, colour);
      if (run.band == kNoIndex) continue;
      // An edge keeps neighbours of one colour apart. What a strip cuts off must not count.
      const double from = own.x_of(static_cast<double>(trace.layer->bands.start[run.band]));
      const double to = own.x_of(static_cast<double>(trace.layer->bands.end[run.band]));
      if (to - from >= kEdged && from > run.x0 - 1)
        line[static_cast<std::size_t>(run.x0)] = mixed(colour, 0xff000000, 150);
    }
  }

  // In a picture of causes waits stand low, work full: the upper part shows no wait.
  static void hide_waiting(const std::vector<Run>& runs, const SceneTrace& trace, QRgb under,
                           std::vector<QRgb>& line) {
    for (const Run& run : runs) {
      if (trace.layer->entries[run.category].is_wait)
        std::fill(line.begin() + run.x0, line.begin() + run.x1, under);
    }
  }

  const Scene& scene_;
  const BodySpec& spec_;
  Strip strip_;
  uchar* bits_;
  std::ptrdiff_t stride_;
  int height_;
  const Theme& theme_;
  TimeWindow window_{};  // of the strip, in device pixels
  Tables tables_{};
};

// Draws the strip, rows shared out to the threads that there are.
void paint_strip(const Scene& scene, const BodySpec& spec, QImage& image, Strip strip) {
  const BodyPainter painter(scene, spec, image, strip);
  painter.fill(0, image.height(), theme_of(spec.theme).background);
  const std::size_t rows = scene.rows.size();
  QThreadPool& pool = *QThreadPool::globalInstance();
  const auto threads = static_cast<std::size_t>(std::clamp(pool.maxThreadCount(), 1, 4));
  const std::size_t parts = strip.width < 64 || rows < 16 ? 1 : threads;
  QSemaphore done;
  int started = 0;
  for (std::size_t part = 1; part < parts; ++part) {
    const auto work = [&painter, &done, rows, part, parts] {
      painter.rows(rows * part / parts, rows * (part + 1) / parts);
      done.release();
    };
    if (pool.tryStart(work)) {
      ++started;
    } else {
      painter.rows(rows * part / parts, rows * (part + 1) / parts);
    }
  }
  painter.rows(0, rows / parts);
  done.acquire(started);
}

QSize device_size(const BodySpec& spec) {
  return QSize(std::max(1, static_cast<int>(std::lround(spec.size.width() * spec.pixel_ratio))),
               std::max(1, static_cast<int>(std::lround(spec.size.height() * spec.pixel_ratio))));
}

}  // namespace

QImage draw_body(const Scene& scene, const BodySpec& spec) {
  QImage image(device_size(spec), QImage::Format_RGB32);
  paint_strip(scene, spec, image, {0, image.width()});
  image.setDevicePixelRatio(spec.pixel_ratio);
  return image;
}

const QImage& BodyCache::picture(const Scene& scene, const BodySpec& spec) {
  columns_drawn_ = 0;
  if (spec_ == spec && revision_ == scene.revision) return image_;
  if (!shift(scene, spec)) {
    if (image_.size() != device_size(spec))
      image_ = QImage(device_size(spec), QImage::Format_RGB32);
    image_.setDevicePixelRatio(spec.pixel_ratio);
    columns_drawn_ = image_.width();
    paint_strip(scene, spec, image_, {0, image_.width()});
  }
  spec_ = spec;
  revision_ = scene.revision;
  return image_;
}

// Moves what stays in sight and draws the rest, iff the view differs by whole device pixels only.
bool BodyCache::shift(const Scene& scene, const BodySpec& spec) {
  if (!spec_ || revision_ != scene.revision) return false;
  BodySpec moved = *spec_;
  moved.view.window.start = spec.view.window.start;
  if (!(moved == spec)) return false;
  const double scale = spec.view.window.ns_per_pixel / spec.pixel_ratio;
  const double by = (spec.view.window.start - spec_->view.window.start) / scale;
  const double whole = std::round(by);
  if (std::abs(by - whole) > 1e-3 || std::abs(whole) >= image_.width()) return false;
  const int pixels = static_cast<int>(whole);
  const int kept = image_.width() - std::abs(pixels);
  for (int y = 0; y < image_.height(); ++y) {
    QRgb* line = reinterpret_cast<QRgb*>(image_.scanLine(y));
    std::memmove(line + std::max(-pixels, 0), line + std::max(pixels, 0),
                 static_cast<std::size_t>(kept) * sizeof(QRgb));
  }
  columns_drawn_ = std::abs(pixels);
  if (pixels != 0) paint_strip(scene, spec, image_, {pixels > 0 ? kept : 0, std::abs(pixels)});
  return true;
}

}  // namespace mk::gui
