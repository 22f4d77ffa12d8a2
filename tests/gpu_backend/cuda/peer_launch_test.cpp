// What the host lays out for the GPUs of one run (DeviceLaunch, PeerTables), run by threads: the
// very tables that the kernels get, in host memory, under a memory policy on the same cells. So
// everything of a run on several GPUs is tried here but the kernels' own code and the links.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "core/compiler.h"
#include "gpu_backend/cuda/device_launch.h"
#include "gpu_backend/host/decoder.h"
#include "gpu_backend/protocol/scheduler.h"
#include "gpu_backend/protocol/worker.h"
#include "tests/support/sequential_executor.h"

namespace mk::cuda::test {
namespace {

// DeviceMemory's cells, on threads.
struct CellMemory {
  using Peer = CellMemory;
  template <class T>
  using atom = DeviceCell<T>;
  template <class T>
  static std::atomic_ref<T> ref(const DeviceCell<T>& cell) {
    return std::atomic_ref<T>(const_cast<DeviceCell<T>&>(cell).value);
  }
  template <class T>
  static T load_relaxed(const DeviceCell<T>& cell) {
    return ref(cell).load(std::memory_order_relaxed);
  }
  template <class T>
  static T load_acquire(const DeviceCell<T>& cell) {
    return ref(cell).load(std::memory_order_acquire);
  }
  template <class T>
  static void store_relaxed(DeviceCell<T>& cell, T value) {
    ref(cell).store(value, std::memory_order_relaxed);
  }
  template <class T>
  static void store_release(DeviceCell<T>& cell, T value) {
    ref(cell).store(value, std::memory_order_release);
  }
  template <class T>
  static T add_relaxed(DeviceCell<T>& cell, T value) {
    return ref(cell).fetch_add(value, std::memory_order_relaxed);
  }
  template <class T>
  static T add_acq_rel(DeviceCell<T>& cell, T value) {
    return ref(cell).fetch_add(value, std::memory_order_acq_rel);
  }
  template <class T>
  static void add_release(DeviceCell<T>& cell, T value) {
    ref(cell).fetch_add(value, std::memory_order_release);
  }
  template <class T>
  static bool exchange_if(DeviceCell<T>& cell, T expected, T desired) {
    return ref(cell).compare_exchange_strong(expected, desired, std::memory_order_relaxed);
  }
  static void pause(std::uint32_t, std::uint32_t) { std::this_thread::yield(); }
  static std::uint64_t clock_ns() { return HostMemory::clock_ns(); }
};

constexpr const char* kModel = R"({"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3",
  "hidden_size": 64, "intermediate_size": 192, "num_hidden_layers": 2, "num_attention_heads": 8,
  "num_key_value_heads": 4, "head_dim": 16, "vocab_size": 130, "max_position_embeddings": 64,
  "rope_theta": 1000000.0, "tie_word_embeddings": false, "attention_bias": false,
  "hidden_act": "silu", "rms_norm_eps": 1e-06})";

ModelMemory memory_of(std::uint32_t devices) {
  const Result<ModelConfig> model = model_from_json(kModel, "test", "small");
  Result<Compiled> compiled =
      compile_model(*model, {.batch_tokens = 1, .max_context = 16, .devices = devices},
                    {.workers = 5, .context = 1});
  EXPECT_TRUE(compiled.has_value()) << compiled.error().message;
  Result<ModelMemory> memory = ModelMemory::allocate(
      std::make_shared<const TaskGraph>(std::move(compiled->graph)), {.dtype = DType::kF32});
  EXPECT_TRUE(memory.has_value()) << memory.error().message;
  EXPECT_TRUE(memory->fill_weights(WeightProvider::synthetic(5), 1).has_value());
  return std::move(*memory);
}

Decoder decoder_of(const ModelMemory& memory, std::uint8_t device) {
  return std::move(*Decoder::make(memory, {.prompt = {5, 77, 12}, .generate = 4}, device));
}

// The tables of one device, laid out at a host address.
class OneDevice {
 public:
  OneDevice(const ModelMemory& memory, const HostRunOptions& options, std::uint8_t device)
      : options_(options),
        layout_(memory.graph(), options, device),
        decoder_(decoder_of(memory, device)) {
    DeviceImage size(nullptr);
    place(size, memory.graph().info().devices);
    buffer_.resize(size.bytes().size() / sizeof(Line) + 1);
    DeviceImage image(base());
    place(image, memory.graph().info().devices);
    std::memcpy(base(), image.bytes().data(), image.bytes().size());
  }

  const DevicePeerCells& cells() const { return cells_; }
  void connect(const std::vector<DevicePeerCells>& all, std::uint32_t own) {
    const std::vector<std::byte> bytes = tables_.bytes(all);
    std::memcpy(tables_.begin(), bytes.data(), bytes.size());
    peers_ = tables_.peers(own);
  }

  // The program of the protocol.
  void execute(std::uint32_t, std::uint32_t task, std::uint32_t iteration) {
    decoder_.execute(0, task, iteration);
  }
  bool prepare(std::uint32_t iteration) {
    IterationState state;
    return decoder_.prepare(iteration, state);
  }
  const protocol::Peers<CellMemory>& peers() const {
    return reinterpret_cast<const protocol::Peers<CellMemory>&>(peers_);
  }

  void run(std::uint32_t lane) {
    const auto& launch = reinterpret_cast<const protocol::Launch<CellMemory>&>(launch_);
    protocol::NoProbe probe;
    if (lane >= options_.roles.workers) {
      protocol::scheduler_loop(launch, lane - options_.roles.workers, *this, probe);
      return;
    }
    if (lane == 0) protocol::start_run(launch, *this, probe);
    protocol::worker_loop(launch, lane, *this, probe);
  }
  std::uint32_t lanes() const { return launch_.lanes(); }
  protocol::Halt halt() const { return static_cast<protocol::Halt>(launch_.control->halt.value); }
  DecodeResult result() { return decoder_.result(); }

 private:
  struct alignas(128) Line {
    std::byte bytes[128];
  };
  std::byte* base() { return reinterpret_cast<std::byte*>(buffer_.data()); }
  void place(DeviceImage& image, std::uint32_t devices) {
    launch_ = layout_.place(image);
    launch_.spin_turns = 0;
    cells_ = layout_.place_peer_cells(image, launch_);
    tables_ = PeerTables::reserve(image, devices, options_.roles.schedulers);
  }

  HostRunOptions options_;
  DeviceLaunch layout_;
  Decoder decoder_;
  std::vector<Line> buffer_{};
  protocol::Launch<DeviceMemory> launch_{};
  DevicePeerCells cells_{};
  PeerTables tables_{};
  protocol::Peers<DeviceMemory> peers_{};
};

std::vector<std::uint32_t> tokens_of_one_device() {
  const ModelMemory memory = memory_of(1);
  Decoder decoder = decoder_of(memory, 0);
  run_sequentially(memory.graph(), decoder);
  return decoder.result().generated;
}

struct Case {
  std::uint32_t devices;
  PolicyKind kind;
  Roles roles;
};

class PeerLaunch : public testing::TestWithParam<Case> {};

TEST_P(PeerLaunch, RunsOnTheTablesThatTheKernelsGet) {
  const Case& c = GetParam();
  const ModelMemory memory = memory_of(c.devices);
  const HostRunOptions options{
      .policy = {.kind = c.kind}, .roles = c.roles, .deadline_seconds = 20};
  std::vector<std::unique_ptr<OneDevice>> devices;
  std::vector<DevicePeerCells> cells;
  for (std::uint32_t d = 0; d < c.devices; ++d) {
    devices.push_back(std::make_unique<OneDevice>(memory, options, static_cast<std::uint8_t>(d)));
    cells.push_back(devices.back()->cells());
  }
  for (std::uint32_t d = 0; d < c.devices; ++d) {
    devices[d]->connect(cells, d);
    ASSERT_TRUE(devices[d]->prepare(0));
  }
  std::vector<std::jthread> threads;
  for (const auto& device : devices) {
    for (std::uint32_t lane = 0; lane < device->lanes(); ++lane) {
      threads.emplace_back([&device, lane] { device->run(lane); });
    }
  }
  threads.clear();

  for (const auto& device : devices) {
    EXPECT_EQ(device->halt(), protocol::Halt::kDone);
    EXPECT_EQ(device->result().generated, tokens_of_one_device());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Policies, PeerLaunch,
    testing::Values(Case{2, PolicyKind::kStatic, {3, 0}}, Case{2, PolicyKind::kAot, {2, 1}},
                    Case{2, PolicyKind::kHybrid, {3, 2}}, Case{2, PolicyKind::kJit, {2, 2}},
                    Case{4, PolicyKind::kStatic, {2, 0}}, Case{4, PolicyKind::kHybrid, {2, 1}}),
    [](const auto& c) {
      return fmt::format("tp{}_{}", c.param.devices, facts(c.param.kind).name);
    });

}  // namespace
}  // namespace mk::cuda::test
