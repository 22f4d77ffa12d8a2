#include "gpu_backend/cuda/check/cublas_linears.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

#include "gpu_backend/cuda/run_on_stream.h"

namespace mk::cuda::check {
namespace {

// What of cuBLAS's interface is used (cublas_api.h, library_types.h).
using Handle = void*;
constexpr int kOk = 0;
constexpr int kPlain = 0;
constexpr int kTransposed = 1;
constexpr int kBf16 = 14;
constexpr int kFloat = 0;
constexpr int kCompute32F = 68;
constexpr int kDefaultAlgorithm = -1;
constexpr std::size_t kWorkspaceBytes = std::size_t{32} << 20;  // what NVIDIA asks for on Hopper
constexpr double kLimitSeconds = 20;

struct Product {
  const Bf16* weights = nullptr;
  std::uint32_t in = 0;
  std::uint32_t rows = 0;
};

class Cublas {
 public:
  Cublas() = default;
  Cublas(const Cublas&) = delete;
  Cublas& operator=(const Cublas&) = delete;
  ~Cublas() {
    if (handle_ != nullptr) static_cast<void>(call("cublasDestroy_v2", handle_));
    if (library_ != nullptr) ::dlclose(library_);
  }

  Status open() {
    std::vector<const char*> places = {"libcublas.so.13", "libcublas.so.12", "libcublas.so"};
    if (const char* const named = std::getenv("MEGASCOPE_CUBLAS")) places = {named};
    for (const char* place : places) {
      library_ = ::dlopen(place, RTLD_NOW | RTLD_LOCAL);
      if (library_ != nullptr) break;
    }
    if (library_ == nullptr) {
      return mk::fail(ErrorCode::kNotFound, fmt::format("no {} here", places.front()));
    }
    if (call("cublasCreate_v2", &handle_) != kOk) {
      return mk::fail(ErrorCode::kDevice, "cuBLAS does not start");
    }
    return {};
  }

  int version() const {
    int version = 0;
    static_cast<void>(call("cublasGetVersion_v2", handle_, &version));
    return version;
  }
  // The stream first: setting it takes the workspace back.
  Status use(cudaStream_t stream, std::byte* workspace) const {
    const bool ok = call("cublasSetStream_v2", handle_, stream) == kOk &&
                    call("cublasSetWorkspace_v2", handle_, static_cast<void*>(workspace),
                         kWorkspaceBytes) == kOk;
    return ok ? Status{} : mk::fail(ErrorCode::kDevice, "cuBLAS takes no stream or workspace");
  }
  // y[t][r] = weights[r] . x[t]: of column-major matrices, transposed weights times x.
  Status multiply(const Product& p, const Bf16* x, float* y, std::uint32_t tokens) const {
    const float one = 1;
    const float zero = 0;
    const int rows = static_cast<int>(p.rows);
    const int in = static_cast<int>(p.in);
    const int status =
        call("cublasGemmEx", handle_, kTransposed, kPlain, rows, static_cast<int>(tokens), in,
             static_cast<const void*>(&one), static_cast<const void*>(p.weights), kBf16, in,
             static_cast<const void*>(x), kBf16, in, static_cast<const void*>(&zero),
             static_cast<void*>(y), kFloat, rows, kCompute32F, kDefaultAlgorithm);
    if (status == kOk) return {};
    return mk::fail(ErrorCode::kDevice,
                    fmt::format("cublasGemmEx {} x {}: status {}", p.rows, p.in, status));
  }

 private:
  template <class... Args>
  int call(const char* name, Args... args) const {
    const auto function = reinterpret_cast<int (*)(Args...)>(::dlsym(library_, name));
    return function == nullptr ? -1 : function(args...);
  }

  void* library_ = nullptr;
  Handle handle_ = nullptr;
};

// The model's linears in program order, each whole: its tiles' rows lie one after the other.
Result<std::vector<Product>> products_of(const DeviceModel& model) {
  const TaskGraph& graph = *model.graph();
  std::vector<TaskDescriptor> descriptors(graph.task_count());
  if (Status ok =
          checked(cudaMemcpy(descriptors.data(), model.descriptors(),
                             descriptors.size() * sizeof(TaskDescriptor), cudaMemcpyDeviceToHost),
                  "reading descriptors");
      !ok) {
    return tl::unexpected(ok.error());
  }
  std::vector<Product> products;
  std::uint32_t last_operator = 0;
  for (std::uint32_t t = 0; t < graph.task_count(); ++t) {
    if (!descriptors[t].is_linear()) continue;
    const LinearTask& task = descriptors[t].linear;
    if (products.empty() || graph.tasks().op[t] != last_operator) {
      products.push_back({task.weights, task.in, 0});
    }
    last_operator = graph.tasks().op[t];
    products.back().weights = std::min(products.back().weights, task.weights);
    products.back().rows += task.rows;
  }
  return products;
}

class LinearsRun {
 public:
  LinearsRun(std::vector<Product> products, std::uint32_t tokens)
      : products_(std::move(products)), tokens_(tokens) {}
  ~LinearsRun() {
    if (executable_ != nullptr) static_cast<void>(cudaGraphExecDestroy(executable_));
    if (graph_ != nullptr) static_cast<void>(cudaGraphDestroy(graph_));
  }
  LinearsRun(const LinearsRun&) = delete;
  LinearsRun& operator=(const LinearsRun&) = delete;

  Result<CublasTimes> run(std::uint32_t iterations) {
    CublasTimes times;
    Status ok = prepare();
    if (ok) ok = launch_all();  // warm: kernels are loaded
    if (ok) ok = stream_->mark_end();
    if (ok) ok = stream_->await(kLimitSeconds, {});
    if (ok) ok = time(iterations, times.stream_us, [this] { return launch_all(); });
    if (ok) ok = capture();
    if (ok) {
      ok = time(iterations, times.graph_us, [this] {
        return checked(cudaGraphLaunch(executable_, stream_->get()), "a graph launch");
      });
    }
    if (!ok) return tl::unexpected(ok.error());
    times.version = cublas_.version();
    return times;
  }

 private:
  Status prepare() {
    if (Status ok = cublas_.open(); !ok) return ok;
    Result<RunStream> stream = RunStream::make();
    if (!stream) return tl::unexpected(stream.error());
    stream_.emplace(std::move(*stream));
    std::size_t widest = 0;
    std::size_t longest = 0;
    for (const Product& p : products_) {
      widest = std::max<std::size_t>(widest, p.in);
      longest = std::max<std::size_t>(longest, p.rows);
    }
    for (auto& [buffer, bytes] : std::array{std::pair{&x_, widest * tokens_ * sizeof(Bf16)},
                                            std::pair{&y_, longest * tokens_ * sizeof(float)},
                                            std::pair{&workspace_, kWorkspaceBytes}}) {
      Result<DeviceBuffer> made = DeviceBuffer::allocate(bytes, "cuBLAS's buffers");
      if (!made) return tl::unexpected(made.error());
      *buffer = std::move(*made);
    }
    if (Status ok = checked(cudaMemset(x_.data(), 0x3c, x_.bytes()), "filling"); !ok) return ok;
    return cublas_.use(stream_->get(), workspace_.data());
  }

  Status launch_all() {
    for (const Product& p : products_) {
      const auto* const x = reinterpret_cast<const Bf16*>(x_.data());
      if (Status ok = cublas_.multiply(p, x, reinterpret_cast<float*>(y_.data()), tokens_); !ok) {
        return ok;
      }
    }
    return {};
  }

  Status capture() {
    Status ok = checked(cudaStreamBeginCapture(stream_->get(), cudaStreamCaptureModeThreadLocal),
                        "capture");
    if (!ok) return ok;
    const Status launched = launch_all();
    ok = checked(cudaStreamEndCapture(stream_->get(), &graph_), "capture");
    if (!launched) return launched;
    if (ok) ok = checked(cudaGraphInstantiate(&executable_, graph_, 0), "making a graph");
    return ok;
  }

  template <class Launch>
  Status time(std::uint32_t iterations, double& us, Launch&& launch) {
    Status ok = launch();  // one ahead
    if (ok) ok = stream_->mark_start();
    for (std::uint32_t i = 0; ok && i < iterations; ++i) ok = launch();
    if (ok) ok = stream_->mark_end();
    if (ok) ok = stream_->await(kLimitSeconds, {});
    if (ok) us = stream_->elapsed_ms() * 1e3 / iterations;
    return ok;
  }

  std::vector<Product> products_;
  std::uint32_t tokens_;
  Cublas cublas_{};
  std::optional<RunStream> stream_{};
  DeviceBuffer x_{};
  DeviceBuffer y_{};
  DeviceBuffer workspace_{};
  cudaGraph_t graph_ = nullptr;
  cudaGraphExec_t executable_ = nullptr;
};

}  // namespace

Result<CublasTimes> time_cublas_linears(const DeviceModel& model, std::uint32_t tokens,
                                        std::uint32_t iterations) {
  Result<std::vector<Product>> products = products_of(model);
  if (!products) return tl::unexpected(products.error());
  return LinearsRun(std::move(*products), tokens).run(iterations);
}

}  // namespace mk::cuda::check
