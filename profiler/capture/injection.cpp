// libmegascope_inject.so: what `megascope profile` puts into the program. The CUDA driver loads it
// (CUDA_INJECTION64_PATH) and calls InitializeInjection(), NVTX loads it (NVTX_INJECTION64_PATH)
// and calls InitializeInjectionNvtx2(); whichever comes first starts the capture. It writes to
// MEGASCOPE_CAPTURE_FOLDER/capture.<process id>, and never fails the program that it sits in.
#include <nvtx3/nvToolsExt.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "profiler/capture/capture_file.h"
#include "profiler/capture/cupti_session.h"
#include "profiler/capture/nvtx_recorder.h"

namespace mk::capture {
namespace {

std::string program_name() {
  std::string name;
  std::ifstream file("/proc/self/comm");
  std::getline(file, name);
  return name;
}

// Of this process, from the first call to its end.
class Injection {
 public:
  static Injection& get() {
    static Injection* one = new Injection();  // never destroyed: other threads may still call
    return *one;
  }

  // CUPTI takes NVTX's calls where it works; else they are recorded here.
  bool take_nvtx(NvtxGetExportTableFunc_t tables) {
    if (file_ == nullptr) return false;
    using Initialize = int (*)(NvtxGetExportTableFunc_t);
    if (session_ == nullptr) return record_nvtx(tables, *file_);
    const auto forward =
        reinterpret_cast<Initialize>(session_->library().find("InitializeInjectionNvtx2"));
    return forward != nullptr && forward(tables) != 0;
  }

 private:
  Injection() {
    const char* folder = std::getenv("MEGASCOPE_CAPTURE_FOLDER");
    if (folder == nullptr) return;
    const std::string path = std::string(folder) + "/capture." + std::to_string(process_);
    auto file = CaptureFile::create(path, static_cast<std::uint32_t>(process_), program_name());
    if (!file) return;
    file_ = std::move(*file);
    if (Status status = start(); !status) {
      file_->add(Loss{1, file_->intern("not_recorded"), file_->intern(status.error().message)});
      file_->flush();
    }
    std::atexit([] { Injection::get().end(); });
    catch_fatal_signals();
  }

  Status start() {
    Result<CuptiLibrary> library = CuptiLibrary::load();
    if (!library) return tl::unexpected(library.error());
    Result<std::unique_ptr<CuptiSession>> session =
        CuptiSession::start(std::move(*library), *file_);
    if (!session) return tl::unexpected(session.error());
    session_ = std::move(*session);
    file_->set_tool("CUPTI " + std::to_string(session_->library().version));
    return {};
  }

  // A crash keeps what CUPTI has by then; the program then dies as it would have. Handlers of its
  // own stay, whether it has them or gets them later.
  static void catch_fatal_signals() {
    for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTERM}) {
      struct sigaction old {};
      if (::sigaction(signal, nullptr, &old) != 0 || old.sa_handler != SIG_DFL) continue;
      struct sigaction mine {};
      mine.sa_handler = [](int number) {
        Injection& injection = Injection::get();
        if (::getpid() == injection.process_) {
          if (injection.session_ != nullptr) injection.session_->flush_from_signal();
          flush_nvtx_from_signal();
        }
        ::raise(number);  // now with the default action
      };
      mine.sa_flags = static_cast<int>(SA_RESETHAND);
      ::sigaction(signal, &mine, nullptr);
    }
  }

  // A child that the program forked has the handler, but neither CUPTI's threads nor ours.
  void end() {
    if (::getpid() != process_) return;
    if (session_ != nullptr) session_->stop();
    flush_nvtx();
  }

  const pid_t process_ = ::getpid();
  std::unique_ptr<CaptureFile> file_{};
  std::unique_ptr<CuptiSession> session_{};
};

}  // namespace
}  // namespace mk::capture

extern "C" {

__attribute__((visibility("default"))) int InitializeInjection() {
  mk::capture::Injection::get();
  return 1;
}

__attribute__((visibility("default"))) int InitializeInjectionNvtx2(
    NvtxGetExportTableFunc_t tables) {
  return mk::capture::Injection::get().take_nvtx(tables) ? 1 : 0;
}
}
