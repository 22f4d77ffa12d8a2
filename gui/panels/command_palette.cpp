#include "gui/panels/command_palette.h"

#include <QAction>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QVBoxLayout>
#include <algorithm>

namespace mk::gui {

int fit(const QString& text, const QString& typed) {
  int score = 1000;
  qsizetype at = 0;
  for (const QChar c : typed) {
    if (c.isSpace()) continue;
    const qsizetype found = text.indexOf(c, at, Qt::CaseInsensitive);
    if (found < 0) return -1;
    score -= static_cast<int>(found - at);
    at = found + 1;
  }
  return std::max(score, 0);
}

QString command_name(const QAction& action) {
  if (!action.objectName().isEmpty()) return action.objectName();
  return action.text().section('\t', 0, 0).remove('&');
}

CommandPalette::CommandPalette(std::vector<QAction*> actions, QWidget* parent)
    : QDialog(parent), actions_(std::move(actions)) {
  setWindowTitle(QStringLiteral("Commands"));
  setAttribute(Qt::WA_DeleteOnClose);
  field_ = new QLineEdit(this);
  field_->setPlaceholderText(QStringLiteral("a command"));
  field_->installEventFilter(this);
  list_ = new QListWidget(this);
  auto* layout = new QVBoxLayout(this);
  layout->addWidget(field_);
  layout->addWidget(list_);
  resize(520, 380);
  connect(field_, &QLineEdit::textChanged, this, [this](const QString& text) { filter(text); });
  connect(list_, &QListWidget::itemActivated, this, [this] { choose(); });
  filter({});
}

QStringList CommandPalette::shown() const {
  QStringList names;
  for (const QAction* action : listed_) names.push_back(command_name(*action));
  return names;
}

void CommandPalette::filter(const QString& typed) {
  std::vector<std::pair<int, QAction*>> fitting;
  for (QAction* action : actions_) {
    const int score = fit(command_name(*action), typed);
    if (score >= 0) fitting.emplace_back(score, action);
  }
  std::stable_sort(fitting.begin(), fitting.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  listed_.clear();
  list_->clear();
  for (const auto& [score, action] : fitting) {
    listed_.push_back(action);
    const QString key = action->text().section('\t', 1, 1) + action->shortcut().toString();
    list_->addItem(command_name(*action) + (key.isEmpty() ? key : QStringLiteral("    ") + key));
  }
  list_->setCurrentRow(0);
}

void CommandPalette::choose() {
  const int row = list_->currentRow();
  if (row < 0 || row >= static_cast<int>(listed_.size())) return;
  QAction* action = listed_[static_cast<std::size_t>(row)];
  accept();
  action->trigger();
}

bool CommandPalette::eventFilter(QObject* watched, QEvent* event) {
  if (watched != field_ || event->type() != QEvent::KeyPress)
    return QDialog::eventFilter(watched, event);
  const int key = static_cast<QKeyEvent*>(event)->key();
  if (key == Qt::Key_Return || key == Qt::Key_Enter) {
    choose();
    return true;
  }
  if (key == Qt::Key_Down || key == Qt::Key_Up) {
    const int by = key == Qt::Key_Down ? 1 : -1;
    list_->setCurrentRow(std::clamp(list_->currentRow() + by, 0, std::max(0, list_->count() - 1)));
    return true;
  }
  return QDialog::eventFilter(watched, event);
}

}  // namespace mk::gui
