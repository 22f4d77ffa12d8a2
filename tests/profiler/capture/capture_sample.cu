// A small CUDA program with one of everything that capture records, whose clocks can be aligned:
//   capture_sample STAMPS [crash]
// 100 one-thread kernels `stamp` before and after the work, each reading the device's clock twice
// (written to STAMPS, a line "first last" each, nanoseconds of %globaltimer); between them copies,
// a memset, a cooperative kernel on all SMs, a graph of three kernels; NVTX ranges around them.
#include <cuda_runtime.h>
#include <nvtx3/nvToolsExt.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

constexpr int kStamps = 100;
constexpr std::size_t kBytes = std::size_t{64} << 20;

void check(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  std::fprintf(stderr, "capture_sample: %s: %s\n", what, cudaGetErrorString(error));
  std::exit(1);
}

__device__ std::uint64_t device_clock() {
  std::uint64_t t;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(t));
  return t;
}

__global__ void stamp(std::uint64_t* out) {
  out[0] = device_clock();
  out[1] = device_clock();
}

__global__ void persistent(const float* in, float* out, std::size_t count) {
  const std::size_t step = std::size_t{gridDim.x} * blockDim.x;
  float sum = 0;
  for (std::size_t i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += step) sum += in[i];
  if (sum == 12345.678F) *out = sum;  // keeps the loop
}

__global__ void node(float* out) { out[threadIdx.x] += 1; }

void stamps(std::uint64_t* device, std::FILE* file) {
  std::vector<std::uint64_t> host(2 * kStamps);
  for (int i = 0; i < kStamps; ++i) {
    stamp<<<1, 1>>>(device + 2 * i);
    check(cudaDeviceSynchronize(), "stamp");
  }
  check(cudaMemcpy(host.data(), device, host.size() * sizeof host[0], cudaMemcpyDeviceToHost),
        "copy of stamps");
  for (int i = 0; i < kStamps; ++i) {
    std::fprintf(file, "%llu %llu\n", static_cast<unsigned long long>(host[2 * i]),
                 static_cast<unsigned long long>(host[2 * i + 1]));
  }
}

void work(float* in, float* out, cudaStream_t stream) {
  std::vector<float> host(kBytes / sizeof(float), 1.0F);
  check(cudaMemcpyAsync(in, host.data(), kBytes, cudaMemcpyHostToDevice, stream), "copy");
  check(cudaMemsetAsync(out, 0, 4096, stream), "memset");
  int sms = 0;
  check(cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, 0), "attribute");
  std::size_t count = kBytes / sizeof(float);
  void* arguments[] = {&in, &out, &count};
  check(cudaLaunchCooperativeKernel(reinterpret_cast<const void*>(&persistent),
                                    dim3(static_cast<unsigned>(sms)), dim3(384), arguments, 0,
                                    stream),
        "cooperative launch");
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t executable = nullptr;
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), "graph");
  for (int i = 0; i < 3; ++i) node<<<1, 32, 0, stream>>>(out);
  check(cudaStreamEndCapture(stream, &graph), "graph");
  check(cudaGraphInstantiate(&executable, graph, 0), "graph");
  check(cudaGraphLaunch(executable, stream), "graph launch");
  check(cudaStreamSynchronize(stream), "work");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  std::FILE* file = std::fopen(argv[1], "w");
  if (file == nullptr) return 2;
  std::uint64_t* clock = nullptr;
  float* in = nullptr;
  float* out = nullptr;
  cudaStream_t stream = nullptr;
  check(cudaMalloc(&clock, 2 * kStamps * sizeof *clock), "no device");
  check(cudaMalloc(&in, kBytes), "memory");
  check(cudaMalloc(&out, 4096), "memory");
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "stream");
  nvtxRangePushA("stamps before");
  stamps(clock, file);
  nvtxRangePop();
  nvtxRangePushA("work");
  work(in, out, stream);
  nvtxRangePop();
  if (argc > 2 && std::strcmp(argv[2], "crash") == 0) std::abort();
  nvtxRangePushA("stamps after");
  stamps(clock, file);
  nvtxRangePop();
  std::fclose(file);
  return 0;
}
