#include "gpu_backend/cuda/peer_exchange.h"

#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include <memory>

#include "gpu_backend/cuda/peer_kernels.h"
#include "gpu_backend/cuda/run_on_stream.h"

namespace mk::cuda {
namespace {

constexpr double kLimitSeconds = 10;

// One side: its flag, the place where the peer's words go, and the rounds.
class Side {
 public:
  Side(const Device& device, std::uint32_t words, std::uint32_t rounds)
      : device_(device), words_(words), rounds_(rounds) {}

  Status prepare() {
    if (Status ok = device_.make_current(); !ok) return ok;
    // The flag stands alone, then the words, then the rounds.
    const std::size_t bytes =
        kLine + std::size_t{words_} * 4 + kLine + std::size_t{rounds_} * sizeof(ExchangeRound);
    Result<DeviceBuffer> buffer = DeviceBuffer::allocate(bytes, "an exchange between GPUs");
    if (!buffer) return tl::unexpected(buffer.error());
    buffer_ = std::move(*buffer);
    Status ok = checked(cudaMemset(buffer_.data(), 0, bytes), "filling");
    // Loads the kernel: that must not happen while the other side waits.
    cudaFuncAttributes attributes{};
    if (ok) ok = checked(cudaFuncGetAttributes(&attributes, exchange_symbol()), "the exchange");
    if (ok) ok = checked(cudaDeviceSynchronize(), "filling");
    if (!ok) return ok;
    Result<RunStream> stream = RunStream::make();
    if (!stream) return tl::unexpected(stream.error());
    stream_ = std::make_unique<RunStream>(std::move(*stream));
    return {};
  }

  DeviceCell<std::uint64_t>* flag() const {
    return reinterpret_cast<DeviceCell<std::uint64_t>*>(buffer_.data());
  }
  std::uint32_t* words() const { return reinterpret_cast<std::uint32_t*>(buffer_.data() + kLine); }

  Status start(const Side& peer, bool asks) {
    if (Status ok = device_.make_current(); !ok) return ok;
    ExchangeArgs args{flag(),
                      peer.flag(),
                      peer.words(),
                      words_,
                      rounds_,
                      asks ? 1U : 0U,
                      reinterpret_cast<ExchangeRound*>(buffer_.data() + offset_of_rounds())};
    void* arguments[] = {&args};
    return checked(cudaLaunchKernel(exchange_symbol(), {1, 1, 1}, {kExchangeThreads, 1, 1},
                                    arguments, 0, stream_->get()),
                   "an exchange between GPUs");
  }
  Status await() { return stream_->await(kLimitSeconds, {}); }

  Result<std::vector<ExchangeRound>> rounds() const {
    std::vector<ExchangeRound> all(rounds_);
    const Status ok = buffer_.read(offset_of_rounds(), std::as_writable_bytes(std::span(all)));
    if (!ok) return tl::unexpected(ok.error());
    return all;
  }

 private:
  static constexpr std::size_t kLine = 256;
  std::size_t offset_of_rounds() const {
    return kLine + (std::size_t{words_} * 4 + 255) / 256 * 256;
  }

  const Device& device_;
  std::uint32_t words_;
  std::uint32_t rounds_;
  DeviceBuffer buffer_{};
  std::unique_ptr<RunStream> stream_{};
};

}  // namespace

Result<std::vector<ExchangeRound>> exchange(const Device& asking, const Device& answering,
                                            std::uint32_t words, std::uint32_t rounds) {
  Side asks(asking, words, rounds);
  Side answers(answering, words, rounds);
  Status ok = asks.prepare();
  if (ok) ok = answers.prepare();
  if (ok) ok = answers.start(asks, false);
  if (ok) ok = asks.start(answers, true);
  if (ok) ok = asks.await();
  if (ok) ok = answers.await();
  if (!ok) {
    return with_context(fmt::format("GPU {} asks GPU {}", asking.number, answering.number),
                        ok.error());
  }
  Result<std::vector<ExchangeRound>> all = asks.rounds();
  if (!all) return all;
  if (all->back().heard == 0) {
    return fail(ErrorCode::kDevice, fmt::format("GPU {} asked GPU {} and heard no answer",
                                                asking.number, answering.number));
  }
  return all;
}

}  // namespace mk::cuda
