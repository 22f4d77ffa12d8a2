#include "profiler/capture/cupti_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>
#include <vector>

namespace mk::capture {
namespace {

std::vector<std::string> places() {
  if (const char* only = std::getenv("MEGASCOPE_CUPTI")) return {only};
  std::vector<std::string> found = {"libcupti.so.13", "libcupti.so.12", "libcupti.so"};
  const auto below = [&](const std::string& root) {
    for (const char* folder : {"extras/CUPTI/lib64", "lib64", "lib", "targets/x86_64-linux/lib"}) {
      found.push_back(fmt::format("{}/{}/libcupti.so", root, folder));
    }
  };
  for (const char* variable : {"CUDA_HOME", "CUDA_PATH"}) {
    if (const char* root = std::getenv(variable)) below(root);
  }
  below("/usr/local/cuda");
  return found;
}

}  // namespace

Result<CuptiLibrary> CuptiLibrary::load() {
  CuptiLibrary library;
  std::string tried;
  for (const std::string& place : places()) {
    library.handle_ = ::dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    library.path = place;
    if (library.handle_ != nullptr) break;
    tried += (tried.empty() ? "" : ", ") + place;
  }
  if (library.handle_ == nullptr) {
    return fail(ErrorCode::kNotFound, fmt::format("no CUPTI library (MEGASCOPE_CUPTI may name it): "
                                                  "tried {}",
                                                  tried));
  }
#define MK_CUPTI_LOAD(name) \
  library.name = reinterpret_cast<decltype(&::name)>(::dlsym(library.handle_, #name));
  MK_CUPTI_REQUIRED(MK_CUPTI_LOAD)
  MK_CUPTI_OPTIONAL(MK_CUPTI_LOAD)
#undef MK_CUPTI_LOAD
#define MK_CUPTI_CHECK(name)                                                         \
  if (library.name == nullptr) {                                                     \
    return fail(ErrorCode::kUnsupported, library.path + ": has no function " #name); \
  }
  MK_CUPTI_REQUIRED(MK_CUPTI_CHECK)
#undef MK_CUPTI_CHECK
  library.cuptiGetVersion(&library.version);
  if (library.version / 10000 < CUPTI_API_VERSION / 10000) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{}: CUPTI {}, but this program was built for the records of {}: "
                            "use a newer library",
                            library.path, library.version, CUPTI_API_VERSION));
  }
  return library;
}

void* CuptiLibrary::find(const char* name) const { return ::dlsym(handle_, name); }

Status CuptiLibrary::check(CUptiResult result, const char* what) const {
  if (result == CUPTI_SUCCESS) return {};
  const char* name = nullptr;
  cuptiGetResultString(result, &name);
  return fail(ErrorCode::kDevice,
              fmt::format("CUPTI: {}: {}", what, name ? name : "unknown error"));
}

}  // namespace mk::capture
