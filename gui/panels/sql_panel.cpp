#include "gui/panels/sql_panel.h"

#include <QClipboard>
#include <QComboBox>
#include <QCoreApplication>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QShortcut>
#include <QTableView>
#include <QVBoxLayout>

#include "gui/panels/area_panel.h"
#include "gui/panels/text_model.h"
#include "gui/timeline/fonts.h"

namespace mk::gui {
namespace {
constexpr std::size_t kMostRows = 100'000;
constexpr const char* kExample =
    "SELECT o.name, count(*) AS tasks, sum(s.end_ns - s.start_ns) AS total_ns\n"
    "FROM slice s JOIN iteration i ON i.id = s.iteration JOIN task t ON t.graph = i.graph AND t.id "
    "= s.task\n"
    "JOIN operator o ON o.graph = t.graph AND o.id = t.operator GROUP BY 1 ORDER BY 3 DESC";
}  // namespace

SqlPanel::SqlPanel(Session& session, QWidget* parent) : QWidget(parent), session_(session) {
  pool_.setMaxThreadCount(1);
  file_ = new QComboBox(this);
  text_ = new QPlainTextEdit(QString::fromUtf8(kExample), this);
  text_->setFont(fixed_font(kPlotFontSize));
  text_->setFixedHeight(56);
  run_ = new QPushButton(QStringLiteral("Run"), this);
  run_->setToolTip(QStringLiteral("Ctrl+Return"));
  stop_ = new QPushButton(QStringLiteral("Stop"), this);
  auto* copy = new QPushButton(QStringLiteral("Copy as CSV"), this);
  message_ = new QLabel(this);
  model_ = new TextModel(this);
  stop_->setEnabled(false);
  auto* buttons = new QHBoxLayout();
  buttons->addWidget(file_);
  buttons->addWidget(run_);
  buttons->addWidget(stop_);
  buttons->addWidget(copy);
  buttons->addWidget(message_, 1);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(4, 2, 4, 2);
  layout->addWidget(text_);
  layout->addLayout(buttons);
  layout->addWidget(make_table(model_, this), 1);
  connect(run_, &QPushButton::clicked, this, [this] { run(); });
  connect(stop_, &QPushButton::clicked, this, [this] { stop(); });
  connect(copy, &QPushButton::clicked, this,
          [this] { QGuiApplication::clipboard()->setText(model_->csv()); });
  auto* shortcut = new QShortcut(QKeySequence(Qt::CTRL | Qt::Key_Return), this);
  shortcut->setContext(Qt::WidgetWithChildrenShortcut);
  connect(shortcut, &QShortcut::activated, this, [this] { run(); });
}

SqlPanel::~SqlPanel() {
  // An interrupt before a statement runs stops nothing, so it is repeated.
  while (!pool_.waitForDone(5)) stop();
  QCoreApplication::removePostedEvents(this);
}

void SqlPanel::session_changed() {
  const QString chosen = file_->currentData().toString();
  file_->clear();
  for (const LoadedTrace* trace : session_.traces()) {
    if (!trace->path().empty())
      file_->addItem(trace->name(), QString::fromStdString(trace->path()));
  }
  file_->setCurrentIndex(std::max(0, file_->findData(chosen)));
  run_->setEnabled(file_->count() > 0 && !is_running());
}

void SqlPanel::set_query(const QString& sql) { text_->setPlainText(sql); }
QString SqlPanel::message() const { return message_->text(); }

void SqlPanel::stop() {
  if (running_) running_->interrupt();
}

void SqlPanel::run() {
  if (is_running() || file_->count() == 0) return;
  Result<QueryConnection> opened =
      QueryConnection::open(file_->currentData().toString().toStdString());
  if (!opened) return message_->setText(QString::fromStdString(opened.error().message));
  running_ = std::make_shared<QueryConnection>(std::move(*opened));
  run_->setEnabled(false);
  stop_->setEnabled(true);
  message_->setText(QStringLiteral("running …"));
  const std::string sql = text_->toPlainText().toStdString();
  pool_.start([this, connection = running_, sql] {
    auto result = std::make_shared<Result<QueryTable>>(connection->run(sql, kMostRows));
    QMetaObject::invokeMethod(
        this, [this, connection, result] { finished(connection, std::move(*result)); },
        Qt::QueuedConnection);
  });
}

void SqlPanel::finished(const std::shared_ptr<QueryConnection>& connection,
                        Result<QueryTable> result) {
  if (connection != running_) return;
  running_.reset();
  stop_->setEnabled(false);
  run_->setEnabled(file_->count() > 0);
  if (!result) return message_->setText(QString::fromStdString(result.error().message));
  message_->setText(result->is_cut ? QStringLiteral("the first %1 rows").arg(result->rows.size())
                                   : QStringLiteral("%1 rows").arg(result->rows.size()));
  model_->set_table(std::move(*result));
}

}  // namespace mk::gui
