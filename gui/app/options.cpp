#include "gui/app/options.h"

#include <QCommandLineParser>
#include <cmath>

namespace mk::gui {
namespace {

Error usage(const QString& option, const QString& value, const QString& wanted) {
  return {ErrorCode::kUsage,
          QStringLiteral("--%1 %2: must be %3").arg(option, value, wanted).toStdString()};
}

std::optional<QSize> parse_size(const QString& text) {
  const QStringList parts = text.split('x');
  if (parts.size() != 2) return std::nullopt;
  bool has_width = false;
  bool has_height = false;
  const QSize size(parts[0].toInt(&has_width), parts[1].toInt(&has_height));
  const bool fits = size.width() >= 200 && size.height() >= 100 && size.width() <= 16384 &&
                    size.height() <= 16384;
  if (!has_width || !has_height || !fits) return std::nullopt;
  return size;
}

std::optional<TimeRange> parse_range(const QString& text) {
  const QStringList parts = text.split(':');
  if (parts.size() != 2) return std::nullopt;
  const std::optional<double> start = parse_time(parts[0]);
  const std::optional<double> end = parse_time(parts[1]);
  if (!start || !end || *end <= *start) return std::nullopt;
  return TimeRange{*start, *end};
}

void declare(QCommandLineParser& parser) {
  parser.addOptions({{"screenshot", "", "FILE"},
                     {"window-screenshot", "", "FILE"},
                     {"size", "", "WxH"},
                     {"scale", "", "N"},
                     {"range", "", "A:B"},
                     {"theme", "", "NAME"},
                     {"mode", "", "NAME"},
                     {"color", "", "NAME"},
                     {"align", "", "NAME"},
                     {"row-height", "", "N"},
                     {"select", "", "TASK"},
                     {"panel", "", "NAME"},
                     {"record-input", "", "FILE"},
                     {"counters", ""},
                     {"critical-path", ""},
                     {{"h", "help"}, ""},
                     {"version", ""}});
}

// Reads one option's value into `slot`; the error where it cannot.
template <typename Slot, typename Parse>
std::optional<Error> read(const QCommandLineParser& parser, const QString& name,
                          const QString& wanted, Slot& slot, Parse parse) {
  if (!parser.isSet(name)) return std::nullopt;
  const auto value = parse(parser.value(name));
  if (!value) return usage(name, parser.value(name), wanted);
  slot = *value;
  return std::nullopt;
}

template <typename Parse>
auto by_name(Parse parse) {
  return [parse](const QString& text) { return parse(text.toStdString()); };
}

std::optional<double> parse_ratio(const QString& text) {
  const double value = text.toDouble();
  return value >= 1 && value <= 4 ? std::optional(value) : std::nullopt;
}

std::optional<int> parse_row_height(const QString& text) {
  const int value = text.toInt();
  return value >= kLowestRow && value <= kHighestRow ? std::optional(value) : std::nullopt;
}

}  // namespace

std::optional<double> parse_time(const QString& text) {
  const QString trimmed = text.trimmed();
  struct Suffix {
    const char* name;
    double ns;
  };
  for (const Suffix suffix : {Suffix{"ns", 1}, Suffix{"us", 1e3}, Suffix{"µs", 1e3},
                              Suffix{"ms", 1e6}, Suffix{"s", 1e9}, Suffix{"", 1e3}}) {
    const QString name = QString::fromUtf8(suffix.name);
    if (!trimmed.endsWith(name)) continue;
    bool is_number = false;
    const double value = trimmed.chopped(name.size()).trimmed().toDouble(&is_number);
    if (!is_number || !std::isfinite(value)) return std::nullopt;
    return value * suffix.ns;
  }
  return std::nullopt;
}

Result<Options> parse_options(const QStringList& arguments) {
  QCommandLineParser parser;
  declare(parser);
  if (!parser.parse(arguments)) return fail(ErrorCode::kUsage, parser.errorText().toStdString());
  Options options;
  options.traces = parser.positionalArguments();
  options.screenshot = parser.value("screenshot");
  options.window_screenshot = parser.value("window-screenshot");
  options.counters = parser.isSet("counters");
  options.critical_path = parser.isSet("critical-path");
  options.select = parser.value("select");
  options.panel = parser.value("panel");
  options.record_input = parser.value("record-input");
  options.help = parser.isSet("help");
  options.version = parser.isSet("version");
  for (const std::optional<Error>& error : {
           read(parser, "size", "WIDTHxHEIGHT, at least 200x100", options.size, parse_size),
           read(parser, "scale", "a number of 1 to 4", options.pixel_ratio, parse_ratio),
           read(parser, "range", "A:B, as 120us:1.5ms", options.range, parse_range),
           read(parser, "theme", "dark or light", options.theme, theme_from_name),
           read(parser, "mode", "stacked, interleaved, side-by-side or delta", options.mode,
                by_name(compare_mode_from_name)),
           read(parser, "color", "operator, cause, layer or iteration", options.color_by,
                by_name(color_by_from_name)),
           read(parser, "align", "start, iteration or scale", options.align_by,
                by_name(align_by_from_name)),
           read(parser, "row-height", "3 to 60", options.row_height, parse_row_height),
       }) {
    if (error) return tl::unexpected(*error);
  }
  if (!options.screenshot.isEmpty() && options.traces.isEmpty())
    return fail(ErrorCode::kUsage, "--screenshot: needs a TRACE");
  return options;
}

QString help_text() {
  return QStringLiteral(
      "usage: megascope-gui [TRACE ...] [options]\n"
      "\n"
      "Shows traces on one time axis: a predicted run beside a measured one, task by task.\n"
      "With --screenshot it draws one picture and needs no display.\n"
      "\n"
      "  TRACE                        trace files (.db); sweep files open as heat maps\n"
      "      --screenshot FILE        write a picture (.png) instead of opening a window\n"
      "      --window-screenshot FILE a picture of the whole window, once all is loaded\n"
      "      --size WxH               of the picture or the window             [1600x900]\n"
      "      --scale N                device pixels a pixel                    [1]\n"
      "      --range A:B              what to show, as 120us:1.5ms             [all]\n"
      "      --theme NAME             dark, light                              [dark]\n"
      "      --mode NAME              stacked, interleaved, side-by-side, delta [interleaved]\n"
      "      --color NAME             operator, cause, layer, iteration        [operator]\n"
      "      --align NAME             start, iteration, scale                  [start]\n"
      "      --row-height N           pixels of a lane                         [what fits]\n"
      "      --select TASK            as 'L3.qkv[17]' or 'L3.qkv[17]@5'\n"
      "      --panel NAME             a panel on top: Area, Compare, Search, 'Task graph', SQL "
      "...\n"
      "      --counters               show counters too\n"
      "      --critical-path          show the critical path\n"
      "      --record-input FILE      write what you do to the timeline, for input_benchmark\n"
      "  -h, --help                   show this help\n"
      "\n"
      "example: megascope-gui predicted.db measured.db --mode delta --screenshot delta.png\n"
      "\n"
      "exit status: 0 done, 1 a file or the display refused, 2 wrong usage\n");
}

}  // namespace mk::gui
