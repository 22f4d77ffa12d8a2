// What a CUDA program looks like to the capture: loads CUDA's injection as the driver would, and
// makes NVTX ranges. Its argument says how it ends: an exit status, or "crash".
#include <dlfcn.h>
#include <nvtx3/nvToolsExt.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/annotate.h"

namespace {

void load_injection_as_the_driver_does() {
  const char* path = std::getenv("CUDA_INJECTION64_PATH");
  if (path == nullptr) return;
  void* library = ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return;
  const auto initialize = reinterpret_cast<int (*)()>(::dlsym(library, "InitializeInjection"));
  if (initialize != nullptr) initialize();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string end = argc > 1 ? argv[1] : "0";
  load_injection_as_the_driver_does();
  const mk::Annotation phase("a phase of ours");
  nvtxDomainHandle_t domain = nvtxDomainCreateA("program");
  nvtxEventAttributes_t attributes{};
  attributes.version = NVTX_VERSION;
  attributes.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
  attributes.messageType = NVTX_MESSAGE_TYPE_ASCII;
  attributes.message.ascii = "outer";
  attributes.payloadType = NVTX_PAYLOAD_TYPE_INT64;
  attributes.payload.llValue = -7;
  nvtxDomainRangePushEx(domain, &attributes);
  nvtxRangePushA("inner");
  nvtxMarkA("mark");
  nvtxRangePop();
  if (end == "crash") std::abort();
  nvtxDomainRangePop(domain);
  std::puts("the program's own output");
  return std::atoi(end.c_str());
}
