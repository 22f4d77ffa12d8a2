#include "gui/app/menus.h"

#include <QFileDialog>
#include <QMenuBar>

namespace mk::gui {
namespace {

QString title(std::string_view name) {
  QString text = QString::fromUtf8(name.data(), static_cast<qsizetype>(name.size()));
  text.replace('-', ' ');
  text[0] = text[0].toUpper();
  return text;
}

template <typename Enum>
std::vector<QString> titles(std::initializer_list<Enum> values) {
  std::vector<QString> names;
  for (const Enum value : values) names.push_back(title(name_of(value)));
  return names;
}

void tick(QActionGroup* group, int index) { group->actions().at(index)->setChecked(true); }

}  // namespace

Menus::Menus(MainWindow& window) : window_(window) {
  file_menu();
  view_menu();
  compare_menu();
  go_menu();
  panels_ = window_.menuBar()->addMenu(QStringLiteral("&Panels"));
  QMenu* help = window_.menuBar()->addMenu(QStringLiteral("&Help"));
  add(help, QStringLiteral("Keys"), {}, [this] { window_.run(Command::kHelp); });
  add(help, QStringLiteral("All commands …"), {}, [this] { window_.run(Command::kPalette); });
}

QAction* Menus::add(QMenu* menu, const QString& text, const QKeySequence& keys, Slot slot) {
  QAction* action = menu->addAction(text);
  action->setShortcut(keys);
  QObject::connect(action, &QAction::triggered, &window_, std::move(slot));
  return action;
}

QActionGroup* Menus::choice(QMenu* menu, const QString& menu_title,
                            const std::vector<QString>& names,
                            const std::function<void(int)>& chosen) {
  QMenu* sub = menu->addMenu(menu_title);
  auto* group = new QActionGroup(&window_);
  for (std::size_t k = 0; k < names.size(); ++k) {
    QAction* action = sub->addAction(names[k]);
    action->setCheckable(true);
    action->setObjectName(menu_title + QStringLiteral(": ") + names[k]);
    group->addAction(action);
    const int index = static_cast<int>(k);
    QObject::connect(action, &QAction::triggered, &window_, [chosen, index] { chosen(index); });
  }
  return group;
}

void Menus::file_menu() {
  QMenu* menu = window_.menuBar()->addMenu(QStringLiteral("&File"));
  add(menu, QStringLiteral("Open …"), QKeySequence::Open, [this] {
    const QStringList paths =
        QFileDialog::getOpenFileNames(&window_, QStringLiteral("Open traces"), {},
                                      QStringLiteral("Traces and sweeps (*.db);;All files (*)"));
    for (const QString& path : paths) window_.open(path);
  });
  recent_ = menu->addMenu(QStringLiteral("Recent"));
  close_ = menu->addMenu(QStringLiteral("Close trace"));
  add(menu, QStringLiteral("Export picture …"), QKeySequence(QStringLiteral("Ctrl+E")),
      [this] { window_.export_picture(); });
  menu->addSeparator();
  add(menu, QStringLiteral("Quit"), QKeySequence(QStringLiteral("Ctrl+Q")),
      [this] { window_.close(); });
}

void Menus::view_menu() {
  QMenu* menu = window_.menuBar()->addMenu(QStringLiteral("&View"));
  colors_ =
      choice(menu, QStringLiteral("Colour by"),
             titles({ColorBy::kOperator, ColorBy::kCause, ColorBy::kLayer, ColorBy::kIteration}),
             [this](int k) { window_.set_color_by(static_cast<ColorBy>(k)); });
  themes_ = choice(menu, QStringLiteral("Theme"), {QStringLiteral("Dark"), QStringLiteral("Light")},
                   [this](int k) { window_.set_theme(static_cast<ThemeName>(k)); });
  path_ = add(menu, QStringLiteral("Critical path"), {},
              [this] { window_.set_critical_path(path_->isChecked()); });
  path_->setCheckable(true);
  counters_ = add(menu, QStringLiteral("Counters"), {},
                  [this] { window_.set_counters(counters_->isChecked()); });
  counters_->setCheckable(true);
  add(menu, QStringLiteral("Lanes to fit the window"), {}, [this] {
    window_.timeline().fit_rows();
    window_.set_arrangement(window_.session().arrangement());
  });
  add(menu, QStringLiteral("Show all hidden lanes"), {}, [this] {
    Arrangement arrangement = window_.session().arrangement();
    arrangement.hidden.clear();
    arrangement.collapsed.clear();
    window_.set_arrangement(arrangement);
  });
  add(menu, QStringLiteral("Lanes in their own order"), {}, [this] {
    Arrangement arrangement = window_.session().arrangement();
    arrangement.moved.clear();
    arrangement.pinned.clear();
    window_.set_arrangement(arrangement);
  });
}

void Menus::compare_menu() {
  QMenu* menu = window_.menuBar()->addMenu(QStringLiteral("&Compare"));
  modes_ = choice(menu, QStringLiteral("Lay out"),
                  titles({CompareMode::kStacked, CompareMode::kInterleaved,
                          CompareMode::kSideBySide, CompareMode::kDelta}),
                  [this](int k) {
                    Arrangement arrangement = window_.session().arrangement();
                    arrangement.mode = static_cast<CompareMode>(k);
                    window_.set_arrangement(arrangement);
                  });
  alignments_ =
      choice(menu, QStringLiteral("Align by"),
             titles({AlignBy::kStart, AlignBy::kIteration, AlignBy::kScale}), [this](int k) {
               Alignment alignment;
               alignment.by = static_cast<AlignBy>(k);
               alignment.iteration = 1;
               window_.set_alignment(alignment);
             });
  const auto shift = [this](double pixels) {
    Alignment alignment = window_.session().alignment();
    alignment.shift_by_hand.resize(window_.session().size());
    for (std::size_t t = 1; t < alignment.shift_by_hand.size(); ++t)
      alignment.shift_by_hand[t] += pixels * window_.timeline().view().window.ns_per_pixel;
    window_.set_alignment(alignment);
  };
  add(menu, QStringLiteral("Shift later traces left"), QKeySequence(QStringLiteral("Alt+Left")),
      [shift] { shift(-5); });
  add(menu, QStringLiteral("Shift later traces right"), QKeySequence(QStringLiteral("Alt+Right")),
      [shift] { shift(5); });
}

void Menus::go_menu() {
  QMenu* menu = window_.menuBar()->addMenu(QStringLiteral("&Go"));
  for (const KeyFacts& key : key_table()) {
    const Command command = key.command;
    QString text = QString::fromUtf8(key.meaning);
    text = text.left(text.indexOf(" (") < 0 ? text.size() : text.indexOf(" ("));
    text[0] = text[0].toUpper();
    add(menu, text + '\t' + QString::fromUtf8(key.keys), {},
        [this, command] { window_.run(command); });
  }
}

void Menus::follow(const Session& session, ThemeName theme, bool critical_path) {
  tick(colors_, static_cast<int>(session.color_by()));
  tick(themes_, static_cast<int>(theme));
  tick(modes_, static_cast<int>(session.arrangement().mode));
  tick(alignments_, static_cast<int>(session.alignment().by));
  path_->setChecked(critical_path);
  counters_->setChecked(session.arrangement().show_counters);
}

void Menus::fill_close(const Session& session) {
  close_->clear();
  for (std::size_t t = 0; t < session.size(); ++t)
    add(close_, session.trace(t).name(), {}, [this, t] {
      window_.close_trace(t);
    })->setObjectName(QStringLiteral("Close trace: ") + session.trace(t).name());
  close_->setEnabled(session.size() > 0);
}

}  // namespace mk::gui
