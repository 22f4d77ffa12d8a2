#include "gui/timeline/time_text.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace mk::gui {
namespace {

struct Unit {
  double ns;
  const char* name;
};
constexpr std::array kUnits = {Unit{1, "ns"}, Unit{1e3, "µs"}, Unit{1e6, "ms"}, Unit{1e9, "s"}};

const Unit& unit_for(double ns) {
  const Unit* best = &kUnits[0];
  for (const Unit& unit : kUnits) {
    if (std::abs(ns) >= unit.ns) best = &unit;
  }
  return *best;
}

QString with_unit(double value, int decimals, const char* unit) {
  return QString::number(value, 'f', decimals) + QChar(0x00a0) + QString::fromUtf8(unit);
}

QString grouped(QString digits) {
  const auto point = digits.indexOf('.');
  for (auto at = (point < 0 ? digits.size() : point) - 3; at > (digits.startsWith('-') ? 1 : 0);
       at -= 3)
    digits.insert(at, QChar(0x2009));
  return digits;
}

}  // namespace

QString duration_text(double ns) {
  const Unit& unit = unit_for(ns);
  const double value = ns / unit.ns;
  if (unit.ns == 1) return with_unit(value, 0, unit.name);
  const double size = std::abs(value);
  return with_unit(value, size >= 100 ? 1 : size >= 10 ? 2 : 3, unit.name);
}

QString instant_text(Nanoseconds ns) {
  if (ns == kNotTaken) return QStringLiteral("not recorded");
  return grouped(QString::number(static_cast<double>(ns) * 1e-3, 'f', 3)) + QChar(0x00a0) +
         QStringLiteral("µs");
}

QString percent_text(double part) {
  return QString::number(part * 100, 'f', 1) + QChar(0x00a0) + '%';
}

QString count_text(std::uint64_t count) { return grouped(QString::number(count)); }

QString Ticks::label(double time) const {
  const QString number = QString::number((time - base) / unit, 'f', decimals);
  return (base != 0 ? QStringLiteral("+") : QString()) + number;
}

QString Ticks::base_label() const {
  if (base == 0) return {};
  const Unit& big = unit_for(base);
  QString digits = QString::number(base / big.ns, 'f', 6);
  while (digits.endsWith('0')) digits.chop(1);
  if (digits.endsWith('.')) digits.chop(1);
  return digits + QChar(0x00a0) + QString::fromUtf8(big.name);
}

Ticks ticks_for(double start, double ns_per_pixel, double apart) {
  Ticks ticks;
  const double wanted = std::max(1.0, ns_per_pixel * apart);
  double power = std::pow(10, std::floor(std::log10(wanted)));
  for (const double times : {1.0, 2.0, 5.0, 10.0}) {
    ticks.step = power * times;
    if (ticks.step >= wanted * (1 - 1e-9)) break;
  }
  // Labels of more than four digits count from a base instead.
  const double far = std::pow(10, std::ceil(std::log10(ticks.step))) * 1000;
  if (std::abs(start) >= far) ticks.base = std::floor(start / far) * far;
  const double largest = ticks.base != 0 ? far : std::max(std::abs(start), ticks.step);
  const Unit& unit = unit_for(std::max(ticks.step, largest / 1000));
  ticks.unit = unit.ns;
  ticks.unit_name = QString::fromUtf8(unit.name);
  ticks.decimals =
      std::max(0, static_cast<int>(std::ceil(std::log10(unit.ns / ticks.step) - 1e-9)));
  return ticks;
}

}  // namespace mk::gui
