#include "profiler/capture/profile_program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

#include "core/check.h"
#include "profiler/capture/capture_file.h"
#include "profiler/capture/capture_trace.h"

extern char** environ;

namespace mk::capture {
namespace {

namespace fs = std::filesystem;

// A folder that captures are written to, gone with the object.
class CaptureFolder {
 public:
  CaptureFolder() {
    std::error_code error;
    path_ = (fs::temp_directory_path(error) / "megascope-capture-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~CaptureFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  CaptureFolder(const CaptureFolder&) = delete;
  CaptureFolder& operator=(const CaptureFolder&) = delete;

  const std::string& path() const { return path_; }  // empty: could not be made

  // In the order of process ids. What cannot be read is a log with nothing but that Loss.
  std::vector<CaptureLog> logs() const {
    std::vector<CaptureLog> logs;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(path_, error)) {
      Result<CaptureLog> log = read_capture(entry.path().string());
      if (!log) {
        CaptureLog lost;
        lost.add(Loss{1, lost.intern("capture_unreadable"), lost.intern(log.error().message)});
        log = std::move(lost);
      }
      logs.push_back(std::move(*log));
    }
    std::sort(logs.begin(), logs.end(),
              [](const CaptureLog& a, const CaptureLog& b) { return a.process < b.process; });
    return logs;
  }

 private:
  std::string path_{};
};

// This process's environment with some variables set.
class Environment {
 public:
  void set(std::string_view name, std::string_view value) {
    words_.push_back(fmt::format("{}={}", name, value));
    names_.push_back(fmt::format("{}=", name));
  }
  std::vector<char*> pointers() {
    std::vector<char*> all;
    for (char** old = environ; *old != nullptr; ++old) {
      const auto is_replaced = [&](const std::string& n) {
        return std::string_view(*old).starts_with(n);
      };
      if (std::none_of(names_.begin(), names_.end(), is_replaced)) all.push_back(*old);
    }
    for (std::string& word : words_) all.push_back(word.data());
    all.push_back(nullptr);
    return all;
  }

 private:
  std::vector<std::string> words_{};
  std::vector<std::string> names_{};
};

// While it lives, an interrupt from the keyboard reaches the program only: its trace is written.
class IgnoreInterrupts {
 public:
  IgnoreInterrupts() : old_(::signal(SIGINT, SIG_IGN)) {}
  ~IgnoreInterrupts() { ::signal(SIGINT, old_); }
  IgnoreInterrupts(const IgnoreInterrupts&) = delete;
  IgnoreInterrupts& operator=(const IgnoreInterrupts&) = delete;

 private:
  void (*old_)(int);
};

Result<pid_t> spawn(const ProfileOptions& options, const std::string& folder) {
  std::vector<std::string> words = options.command;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  Environment environment;
  environment.set("MEGASCOPE_CAPTURE_FOLDER", folder);
  environment.set("CUDA_INJECTION64_PATH", options.injection);
  environment.set("NVTX_INJECTION64_PATH", options.injection);

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  if (options.output_to_standard_error)
    ::posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  sigset_t defaults;
  ::sigemptyset(&defaults);
  ::sigaddset(&defaults, SIGINT);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, arguments[0], &actions, &attributes, arguments.data(),
                                   environment.pointers().data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error == 0) return child;
  return fail(error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
              fmt::format("{}: cannot be started: {}", options.command[0], std::strerror(error)));
}

void wait_for(pid_t child, Profile& profile) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    profile.exit_status = 128 + signal;
    profile.ended = fmt::format("signal {} ({})", signal, ::strsignal(signal));
  } else {
    profile.exit_status = WEXITSTATUS(status);
    profile.ended = fmt::format("exit status {}", profile.exit_status);
  }
}

}  // namespace

Result<Profile> profile_program(const ProfileOptions& options) {
  MK_CHECK(!options.command.empty(), "there is a command");
  if (::access(options.injection.c_str(), R_OK) != 0) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("{} is not there: this build has no capture, it was made without a CUDA "
                    "toolkit",
                    options.injection));
  }
  const CaptureFolder folder;
  if (folder.path().empty()) {
    return fail(ErrorCode::kIo,
                fmt::format("no folder for temporary files: {}", std::strerror(errno)));
  }
  const IgnoreInterrupts ignore;
  const Result<pid_t> child = spawn(options, folder.path());
  if (!child) return tl::unexpected(child.error());
  Profile profile;
  wait_for(*child, profile);
  const std::vector<CaptureLog> logs = folder.logs();
  profile.processes = logs.size();
  profile.trace = make_trace(logs);
  profile.trace.meta["program"] = fmt::format("{}", fmt::join(options.command, " "));
  profile.trace.meta["exit_status"] = profile.ended;
  if (logs.empty()) {
    profile.trace.health.push_back(
        {"nothing_captured", 1, "the program called neither CUDA nor NVTX"});
  }
  if (profile.exit_status > 128) {
    profile.trace.health.push_back({"program_crashed", 1,
                                    "the program ended by " + profile.ended +
                                        ": records that CUPTI had "
                                        "not handed over by then are lost"});
  }
  return profile;
}

}  // namespace mk::capture
