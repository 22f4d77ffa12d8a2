#include "gui/panels/text_model.h"

#include <QColor>
#include <algorithm>

namespace mk::gui {
namespace {

using Cell = std::optional<std::string>;

bool is_less(const Cell& a, const Cell& b) {
  if (!a || !b) return !a && b;
  bool is_first = false;
  bool is_second = false;
  const double x = QString::fromStdString(*a).toDouble(&is_first);
  const double y = QString::fromStdString(*b).toDouble(&is_second);
  return is_first && is_second ? x < y : *a < *b;
}

QString quoted(const std::string& cell) {
  QString text = QString::fromStdString(cell);
  if (!text.contains(',') && !text.contains('"') && !text.contains('\n')) return text;
  return '"' + text.replace('"', QStringLiteral("\"\"")) + '"';
}

}  // namespace

void TextModel::set_table(QueryTable table) {
  beginResetModel();
  table_ = std::move(table);
  endResetModel();
}

QString TextModel::csv() const {
  QStringList lines;
  QStringList cells;
  for (const std::string& column : table_.columns) cells.push_back(quoted(column));
  lines.push_back(cells.join(','));
  for (const auto& row : table_.rows) {
    cells.clear();
    for (const Cell& cell : row) cells.push_back(cell ? quoted(*cell) : QString());
    lines.push_back(cells.join(','));
  }
  return lines.join('\n') + '\n';
}

int TextModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(table_.rows.size());
}

int TextModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(table_.columns.size());
}

QVariant TextModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const Cell& cell =
      table_.rows[static_cast<std::size_t>(index.row())][static_cast<std::size_t>(index.column())];
  if (role == Qt::DisplayRole) return cell ? QString::fromStdString(*cell) : QStringLiteral("NULL");
  if (role == Qt::ForegroundRole && !cell) return QColor(Qt::gray);
  return {};
}

QVariant TextModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (role != Qt::DisplayRole || orientation != Qt::Horizontal || section < 0 ||
      section >= columnCount())
    return {};
  return QString::fromStdString(table_.columns[static_cast<std::size_t>(section)]);
}

void TextModel::sort(int column, Qt::SortOrder order) {
  if (column < 0 || column >= columnCount()) return;
  const auto c = static_cast<std::size_t>(column);
  emit layoutAboutToBeChanged();
  std::stable_sort(table_.rows.begin(), table_.rows.end(), [&](const auto& a, const auto& b) {
    return order == Qt::AscendingOrder ? is_less(a[c], b[c]) : is_less(b[c], a[c]);
  });
  emit layoutChanged();
}

}  // namespace mk::gui
