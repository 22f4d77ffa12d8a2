#include "gui/app/save_png.h"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <QDir>
#include <QTemporaryDir>
#include <csignal>

namespace mk::gui {
namespace {

using ::testing::HasSubstr;

// No file of this process grows beyond `bytes` while it lives: a disk that is full.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

// Of noise, so that it does not get small by compression.
QImage picture() {
  QImage image(200, 200, QImage::Format_RGB32);
  std::uint32_t state = 1;
  for (int y = 0; y < image.height(); ++y) {
    for (int x = 0; x < image.width(); ++x) image.setPixel(x, y, state = state * 1664525U + 1U);
  }
  return image;
}

TEST(SavePng, ReadsBackEqual) {
  const QTemporaryDir folder;
  const QString path = folder.filePath("a.png");

  ASSERT_TRUE(save_png(picture(), path).has_value());

  EXPECT_EQ(QImage(path).convertToFormat(QImage::Format_RGB32),
            picture().convertToFormat(QImage::Format_RGB32));
}

TEST(SavePng, LeavesNothingWhereTheDiskIsFull) {
  const QTemporaryDir folder;
  const FileSizeLimit limit(2000);

  const Status saved = save_png(picture(), folder.filePath("a.png"));

  ASSERT_FALSE(saved.has_value());
  EXPECT_THAT(saved.error().message, HasSubstr("a.png: cannot be written"));
  EXPECT_TRUE(QDir(folder.path()).isEmpty());
}

}  // namespace
}  // namespace mk::gui
