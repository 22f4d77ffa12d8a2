#include "gpu_backend/cuda/nccl.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>

namespace mk::cuda {
namespace {

constexpr int kSum = 0;
constexpr const char* kLibrary = "libnccl.so.2";

}  // namespace

// The handful of functions that are used, as NCCL 2 declares them (results and enums are int).
struct Nccl::Library {
  void* handle = nullptr;
  int (*get_version)(int*) = nullptr;
  const char* (*get_error_string)(int) = nullptr;
  int (*comm_init_all)(void**, int, const int*) = nullptr;
  int (*comm_destroy)(void*) = nullptr;
  int (*group_start)() = nullptr;
  int (*group_end)() = nullptr;
  int (*all_reduce)(const void*, void*, std::size_t, int, int, void*, cudaStream_t) = nullptr;
  int (*send)(const void*, std::size_t, int, int, void*, cudaStream_t) = nullptr;
  int (*receive)(void*, std::size_t, int, int, void*, cudaStream_t) = nullptr;

  // The first function that the library lacks; null: none.
  const char* load() {
    const char* missing = nullptr;
    const auto find = [&](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, name));
      if (function == nullptr && missing == nullptr) missing = name;
    };
    find(get_version, "ncclGetVersion");
    find(get_error_string, "ncclGetErrorString");
    find(comm_init_all, "ncclCommInitAll");
    find(comm_destroy, "ncclCommDestroy");
    find(group_start, "ncclGroupStart");
    find(group_end, "ncclGroupEnd");
    find(all_reduce, "ncclAllReduce");
    find(send, "ncclSend");
    find(receive, "ncclRecv");
    return missing;
  }
};

Nccl::Nccl(std::unique_ptr<Library> library) : library_(std::move(library)) {}
Nccl::Nccl(Nccl&&) noexcept = default;

Result<Nccl> Nccl::start(const std::vector<Device>& devices) {
  // An all-reduce over NVLink's multicast can put GPUs out of service that others share.
  static_cast<void>(setenv("NCCL_NVLS_ENABLE", "0", 1));
  auto library = std::make_unique<Library>();
  library->handle = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library->handle == nullptr) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("the baseline of several GPUs needs NCCL: {}", dlerror()));
  }
  if (const char* const missing = library->load(); missing != nullptr) {
    return fail(ErrorCode::kUnsupported, fmt::format("{} has no {}", kLibrary, missing));
  }
  Nccl nccl(std::move(library));
  std::vector<int> numbers;
  for (const Device& device : devices) numbers.push_back(device.number);
  nccl.communicators_.resize(devices.size(), nullptr);
  const Status ok =
      nccl.checked(nccl.library_->comm_init_all(nccl.communicators_.data(),
                                                static_cast<int>(numbers.size()), numbers.data()),
                   "starting it");
  if (!ok) return tl::unexpected(ok.error());
  return nccl;
}

// The library stays loaded: it has threads of its own.
Nccl::~Nccl() {
  if (library_ == nullptr) return;
  for (void* communicator : communicators_) {
    if (communicator != nullptr) static_cast<void>(library_->comm_destroy(communicator));
  }
}

Status Nccl::checked(int code, const char* what) const {
  if (code == 0) return {};
  return fail(ErrorCode::kDevice,
              fmt::format("NCCL, {}: {}", what, library_->get_error_string(code)));
}

std::string Nccl::version() const {
  int version = 0;
  static_cast<void>(library_->get_version(&version));
  return fmt::format("{}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}

Status Nccl::begin_group() { return checked(library_->group_start(), "a group"); }
Status Nccl::end_group() { return checked(library_->group_end(), "a group"); }

Status Nccl::all_reduce(std::size_t device, const void* from, void* to, std::size_t elements,
                        cudaStream_t stream) {
  return checked(library_->all_reduce(from, to, elements, static_cast<int>(NcclType::kFloat), kSum,
                                      communicators_[device], stream),
                 "all-reduce");
}

Status Nccl::send(std::size_t device, const void* from, std::size_t elements, NcclType type,
                  std::size_t peer, cudaStream_t stream) {
  return checked(library_->send(from, elements, static_cast<int>(type), static_cast<int>(peer),
                                communicators_[device], stream),
                 "send");
}

Status Nccl::receive(std::size_t device, void* to, std::size_t elements, NcclType type,
                     std::size_t peer, cudaStream_t stream) {
  return checked(library_->receive(to, elements, static_cast<int>(type), static_cast<int>(peer),
                                   communicators_[device], stream),
                 "receive");
}

}  // namespace mk::cuda
