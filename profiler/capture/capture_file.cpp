#include "profiler/capture/capture_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <type_traits>
#include <utility>
#include <variant>

namespace mk::capture {
namespace {

constexpr std::string_view kMagic = "MKCAP 1\n";
constexpr std::uint32_t kLongestText = 1 << 20;
constexpr std::size_t kPiece = 1 << 16;

struct Head {
  std::uint32_t kind;
  std::uint32_t size;
};

// Alternative `kind` from its bytes; false iff there is none of that kind and size.
template <std::size_t I = 0>
bool decode(const Head& head, const char* bytes, Activity& out) {
  if constexpr (I < std::variant_size_v<Activity>) {
    using T = std::variant_alternative_t<I, Activity>;
    static_assert(std::is_trivially_copyable_v<T>);
    if (head.kind != I) return decode<I + 1>(head, bytes, out);
    if (head.size != sizeof(T)) return false;
    T value;
    std::memcpy(&value, bytes, sizeof value);
    out = value;
    return true;
  } else {
    return false;
  }
}

void add_loss(CaptureLog& log, std::uint64_t count, std::string_view kind,
              std::string_view message) {
  if (count > 0) log.add(Loss{count, log.intern(kind), log.intern(message)});
}

// A marker's phase is an enumeration: a damaged one must not get into a switch.
bool is_sound(const Activity& activity) {
  const auto* marker = std::get_if<Marker>(&activity);
  return marker == nullptr || marker->phase <= MarkerPhase::kEnd;
}

class Reader {
 public:
  explicit Reader(std::FILE* file) : file_(file) {}

  Result<CaptureLog> run() {
    std::array<char, kMagic.size()> magic{};
    if (!get(magic.data(), magic.size()) || std::string_view(magic.data(), magic.size()) != kMagic)
      return fail(ErrorCode::kInvalidInput, "no capture of this version of megascope");
    if (!get(&log_.process, sizeof log_.process)) cut_ = true;
    while (!cut_ && record()) {
    }
    // At the end: texts are numbered as they come.
    add_loss(log_, unknown_, "unknown_record", "records that this program does not know");
    add_loss(log_, cut_ ? 1 : 0, "capture_cut_short",
             "the program ended while a record was written: what came before is kept");
    return std::move(log_);
  }

 private:
  bool get(void* to, std::size_t size) { return std::fread(to, 1, size, file_) == size; }

  // False at the end.
  bool record() {
    Head head{};
    const std::size_t got = std::fread(&head, 1, sizeof head, file_);
    if (got == 0) return false;
    buffer_.resize(head.size <= kLongestText ? head.size : 0);
    if (got < sizeof head || buffer_.size() != head.size || !get(buffer_.data(), head.size)) {
      cut_ = true;
      return false;
    }
    take(head);
    return true;
  }

  void take(const Head& head) {
    Activity activity;
    if (head.kind == kTextKind) {
      log_.intern(buffer_);
    } else if (head.kind == kProgramKind) {
      log_.program = buffer_;
    } else if (head.kind == kToolKind) {
      log_.tool = buffer_;
    } else if (decode(head, buffer_.data(), activity) && is_sound(activity)) {
      log_.add(activity);
    } else {
      ++unknown_;
    }
  }

  std::FILE* file_;
  std::string buffer_{};
  CaptureLog log_{};
  std::uint64_t unknown_ = 0;
  bool cut_ = false;
};

}  // namespace

Result<std::unique_ptr<CaptureFile>> CaptureFile::create(const std::string& path,
                                                         std::uint32_t process,
                                                         std::string_view program) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    return fail(ErrorCode::kIo, fmt::format("{}: cannot create: {}", path, std::strerror(errno)));
  }
  std::unique_ptr<CaptureFile> capture(new CaptureFile(descriptor));
  capture->buffer_ = kMagic;
  capture->buffer_.append(reinterpret_cast<const char*>(&process), sizeof process);
  capture->put(kProgramKind, program.data(), program.size());
  capture->flush();
  return capture;
}

CaptureFile::~CaptureFile() {
  flush();
  ::close(descriptor_);
}

void CaptureFile::add(const Activity& activity) {
  std::visit(
      [&](const auto& value) {
        put(static_cast<std::uint32_t>(activity.index()), &value, sizeof value);
      },
      activity);
}

void CaptureFile::put(std::uint32_t kind, const void* contents, std::size_t size) {
  size = std::min<std::size_t>(size, kLongestText);
  const Head head{kind, static_cast<std::uint32_t>(size)};
  buffer_.append(reinterpret_cast<const char*>(&head), sizeof head);
  buffer_.append(static_cast<const char*>(contents), size);
  if (buffer_.size() > kPiece) flush();
}

void CaptureFile::flush() {
  for (std::string_view rest = buffer_; !rest.empty();) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  buffer_.clear();
}

Result<CaptureLog> read_capture(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    return fail(ErrorCode::kIo, fmt::format("{}: cannot open: {}", path, std::strerror(errno)));
  }
  Result<CaptureLog> log = Reader(file).run();
  std::fclose(file);
  if (!log) return with_context(path, log.error());
  return log;
}

}  // namespace mk::capture
