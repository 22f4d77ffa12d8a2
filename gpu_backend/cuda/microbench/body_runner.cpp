#include "gpu_backend/cuda/microbench/body_runner.h"

#include "gpu_backend/cuda/bodies/batch_linear.h"

namespace mk::cuda::microbench {

BodyRunner::BodyRunner(Lab& lab)
    : lab_(lab),
      x_(lab.zeros<float>(kActivations)),
      y_(lab.zeros<float>(kActivations)),
      small_(lab.zeros<float>(std::size_t{kMostContext} * kHeadDim)) {
  work_bytes_ = static_cast<std::uint32_t>(
      (lab.device().shared_bytes_per_block - operator_shared_bytes(0) - 1024) / 128 * 128);
}

BodyTimes BodyRunner::time(const char* what, std::uint32_t active, const StepRow& step,
                           const MakeTask& make, bool is_timed, bool in_step) {
  std::vector<TaskDescriptor> tasks;
  for (std::uint32_t i = 0; i < active * kBodyCount; ++i) tasks.push_back(make(i / kBodyCount));
  const Table<TaskDescriptor> table = lab_.table(tasks);
  const Table<BodyRow> rows = lab_.zeros<BodyRow>(tasks.size());
  const Table<Span> spans = lab_.zeros<Span>(active);
  const Table<std::uint32_t> sms = lab_.zeros<std::uint32_t>(active);
  const Table<Word> ready = lab_.zeros<Word>(1);
  lab_.run(what, is_timed ? timed_body_symbol() : body_symbol(),
           {active, DeviceShape::kThreads, operator_shared_bytes(work_bytes_)},
           BodyArgs{lab_.guard(), table.get(), rows.get(), spans.get(), sms.get(), ready.get(),
                    step, active, kBodyCount, work_bytes_, in_step});
  const std::vector<BodyRow> taken = lab_.read(rows);
  const std::vector<Span> of = lab_.read(spans);
  BodyTimes times;
  times.sm = lab_.read(sms);
  for (std::uint32_t i = 0; i < taken.size(); ++i) {
    if (i % kBodyCount == 0) continue;
    const Span& span = of[i / kBodyCount];
    times.total_us.push_back(us_of_cycles(taken[i].total, span));
    times.first_us.push_back(us_of_cycles(taken[i].first_landed, span));
    times.last_us.push_back(us_of_cycles(taken[i].last_landed, span));
  }
  return times;
}

TaskDescriptor BodyRunner::linear_task(TaskKind kind, LinearInput input, std::uint32_t in,
                                       std::uint32_t rows, std::uint32_t tokens,
                                       const unsigned char* weights, std::uint32_t block) const {
  TaskDescriptor task;
  task.kind = kind;
  task.linear = {};
  task.linear.weights = reinterpret_cast<const Bf16*>(weights);
  task.linear.x = x_.get();
  task.linear.y = y_.get() + std::size_t{block} * rows * kMaxTokens;
  task.linear.norm = reinterpret_cast<const Bf16*>(small_.get());
  task.linear.in = in;
  task.linear.rows = rows;
  task.linear.x_stride = input == LinearInput::kSilu ? 2 * in : in;
  task.linear.y_stride = rows;
  task.linear.input = input;
  task.linear.epsilon = 1e-5F;
  task.linear.token_tiles = tokens == 1 ? 0 : (tokens + kTileTokens - 1) / kTileTokens;
  return task;
}

}  // namespace mk::cuda::microbench
