// Annotation: a phase of ours with a name, for tools that show what a program does. Behind it
// stands NVTX: Nsight Systems shows the ranges, `megascope profile` records them. Without a tool a
// range costs a load and a branch; without NVTX's headers it is nothing.
//
//   const Annotation phase("compile");  // from here to the end of the scope, on this thread
#pragma once

#if __has_include(<nvtx3/nvToolsExt.h>)
#include <nvtx3/nvToolsExt.h>
#define MK_HAS_NVTX 1
#else
#define MK_HAS_NVTX 0
#endif

namespace mk {

// Files that find NVTX and files that do not must not share one class under one name.
#if MK_HAS_NVTX
inline namespace with_nvtx {

class Annotation {
 public:
  // Requires: `name` lives as long as this.
  explicit Annotation(const char* name) {
    nvtxEventAttributes_t attributes{};
    attributes.version = NVTX_VERSION;
    attributes.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
    attributes.messageType = NVTX_MESSAGE_TYPE_ASCII;
    attributes.message.ascii = name;
    nvtxDomainRangePushEx(domain(), &attributes);
  }
  ~Annotation() { nvtxDomainRangePop(domain()); }
  Annotation(const Annotation&) = delete;
  Annotation& operator=(const Annotation&) = delete;

 private:
  static nvtxDomainHandle_t domain() {
    static const nvtxDomainHandle_t handle = nvtxDomainCreateA("megascope");
    return handle;
  }
};

}  // namespace with_nvtx
#else
inline namespace without_nvtx {

class Annotation {
 public:
  explicit Annotation(const char*) {}
  ~Annotation() {}
  Annotation(const Annotation&) = delete;
  Annotation& operator=(const Annotation&) = delete;
};

}  // namespace without_nvtx
#endif

}  // namespace mk
