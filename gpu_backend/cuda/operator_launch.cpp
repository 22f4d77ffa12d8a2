#include "gpu_backend/cuda/operator_launch.h"

#include <algorithm>
#include <map>

namespace mk::cuda {

OperatorLaunch::OperatorLaunch(DeviceModel& model, const DeviceRunOptions& options,
                               const DecodeTables& decode)
    : model_(model),
      options_(options),
      kind_(options.run.policy.kind),
      decode_(decode),
      graph_(*model.graph()) {}

bool OperatorLaunch::has_kernel(TaskKind kind) const {
  if (options_.only_linears) {
    return kind == TaskKind::kLinear || kind == TaskKind::kNormLinear ||
           kind == TaskKind::kSiluLinear;
  }
  return kind != TaskKind::kEmpty && kind != TaskKind::kPut && kind != TaskKind::kReduce;
}

void OperatorLaunch::group_tasks() {
  std::map<std::uint32_t, std::vector<std::uint32_t>> of_operator;
  for (std::uint32_t t = 0; t < graph_.task_count(); ++t) {
    if (has_kernel(graph_.tasks().kind[t]) && graph_.op_of(TaskId(t)).device == model_.number()) {
      of_operator[graph_.tasks().op[t]].push_back(t);
    }
  }
  for (const auto& [op, tasks] : of_operator) {  // operators stand in program order
    launches_.push_back(
        {op, static_cast<std::uint32_t>(order_.size()), static_cast<std::uint32_t>(tasks.size())});
    order_.insert(order_.end(), tasks.begin(), tasks.end());
  }
}

std::uint32_t OperatorLaunch::iterations_recorded() const {
  return std::min(options_.window.end, decode_.iterations()) - options_.window.first;
}

void OperatorLaunch::place(DeviceImage& image) {
  state_ = decode_.place(image, model_);
  iteration_ = image.zeros<std::uint32_t>(1);
  descriptors_ = image.zeros<TaskDescriptor>(order_.size());
  ticks_ = image.zeros<IterationTicks>(std::size_t{decode_.iterations()} + 1);
  if (options_.run.record) {
    task_rows_ = image.zeros<OperatorTaskRow>(order_.size() * iterations_recorded());
  }
}

Status OperatorLaunch::prepare() {
  if (Status ok = model_.device().make_current(); !ok) return ok;
  group_tasks();
  Status ok = tables_.upload([this](DeviceImage& image) { place(image); });
  if (ok) ok = copy_descriptors();
  if (!ok) return ok;
  shared_bytes_ = operator_shared_bytes(model_.work_bytes());
  ok = checked(cudaFuncSetAttribute(operator_symbol(), cudaFuncAttributeMaxDynamicSharedMemorySize,
                                    static_cast<int>(shared_bytes_)),
               "the operator kernel's shared memory");
  return ok ? decode_.write_first_input(model_) : ok;
}

Status OperatorLaunch::copy_descriptors() {
  for (std::size_t i = 0; i < order_.size(); ++i) {
    if (Status ok =
            checked(cudaMemcpyAsync(descriptors_ + i, model_.descriptors() + order_[i],
                                    sizeof(TaskDescriptor), cudaMemcpyDeviceToDevice, nullptr),
                    "copying descriptors");
        !ok) {
      return ok;
    }
  }
  return checked(cudaDeviceSynchronize(), "copying descriptors");
}

Status OperatorLaunch::launch_kernel(cudaStream_t stream, const void* kernel, std::uint32_t blocks,
                                     std::uint32_t threads, std::size_t shared_bytes,
                                     void* arguments) {
  cudaLaunchAttribute overlap{};
  overlap.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  overlap.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config{};
  config.gridDim = {blocks, 1, 1};
  config.blockDim = {threads, 1, 1};
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  config.attrs = &overlap;
  config.numAttrs = kind_ == PolicyKind::kPdl ? 1 : 0;
  void* all[] = {arguments};
  return checked(cudaLaunchKernelExC(&config, kernel, all), "a launch");
}

Status OperatorLaunch::launch(std::uint32_t k, cudaStream_t stream) {
  const OneLaunch& op = launches_[k];
  OperatorArgs args{descriptors_ + op.first,
                    state_.steps,
                    iteration_,
                    model_.work_bytes(),
                    kind_ == PolicyKind::kPdl ? 1U : 0U,
                    task_rows_ == nullptr ? nullptr : task_rows_ + op.first,
                    static_cast<std::uint32_t>(order_.size()),
                    options_.window};
  return launch_kernel(stream, operator_symbol(), op.tasks, DeviceShape::kThreads, shared_bytes_,
                       &args);
}

Status OperatorLaunch::launch_advance(cudaStream_t stream, bool begins) {
  const bool overlaps = kind_ == PolicyKind::kPdl && !begins;
  AdvanceArgs args{state_, iteration_, ticks_, overlaps ? 1U : 0U, begins ? 1U : 0U};
  return launch_kernel(stream, advance_symbol(), 1, 1, 0, &args);
}

DeviceRunRows OperatorLaunch::take_rows(const DeviceClock& clock) {
  DeviceRunRows all;
  RunRows& rows = all.rows;
  all.states = decode_.states();
  for (std::uint32_t i = 0; i < decode_.iterations() && tables_.left_at(ticks_)[i].end != 0; ++i) {
    const IterationTicks ticks = tables_.left_at(ticks_)[i];
    rows.iterations.push_back({clock.on_axis(ticks.start), clock.on_axis(ticks.end)});
  }
  rows.lanes.resize(model_.device().sms);
  for (std::uint32_t sm = 0; sm < model_.device().sms; ++sm) rows.core_of_lane.push_back(sm);
  if (task_rows_ == nullptr) return all;
  const OperatorTaskRow* row = tables_.left_at(task_rows_);
  std::vector<std::vector<TaskRow>> of_sm(rows.lanes.size());
  for (std::uint32_t i = 0; i < iterations_recorded(); ++i) {
    for (const std::uint32_t task : order_) {
      if (row->end != 0) {
        const std::uint64_t start = clock.on_axis(row->start);
        const std::uint64_t end = clock.on_axis(row->end);
        of_sm[row->sm].push_back({{task, i}, {start, start, end, end}});
      }
      ++row;
    }
  }
  for (std::size_t sm = 0; sm < of_sm.size(); ++sm) {
    rows.lanes[sm].tasks.reserve(of_sm[sm].size());
    for (const TaskRow& task : of_sm[sm]) rows.lanes[sm].tasks.add(task);
  }
  return all;
}

}  // namespace mk::cuda
