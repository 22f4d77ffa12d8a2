// All commands by name: type a part of it, Enter runs it.
#pragma once

#include <QDialog>
#include <vector>

class QAction;
class QLineEdit;
class QListWidget;

namespace mk::gui {

// How well `text` fits what was typed: letters in order, fewer gaps are better; below 0: not at
// all.
int fit(const QString& text, const QString& typed);

// The name of a command: the action's object name where it has one ("Theme: Dark"), else its text
// without mnemonic and key.
QString command_name(const QAction& action);

class CommandPalette : public QDialog {
 public:
  CommandPalette(std::vector<QAction*> actions, QWidget* parent);
  QLineEdit& field() { return *field_; }
  QStringList shown() const;

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void filter(const QString& typed);
  void choose();

  std::vector<QAction*> actions_;
  QLineEdit* field_ = nullptr;
  QListWidget* list_ = nullptr;
  std::vector<QAction*> listed_{};
};

}  // namespace mk::gui
