#include "gpu_backend/cuda/check/correctness.h"

#include <algorithm>
#include <cstdlib>

#include "gpu_backend/cuda/check/subject.h"

namespace mk::cuda::check {
namespace {

constexpr double kLargestError = 5e-3;  // bf16 keys on the other side of a rounding
constexpr double kLimitSeconds = 20;
constexpr double kDeadlineSeconds = 15;

constexpr const char* kLlama = R"({"architectures": ["LlamaForCausalLM"], "model_type": "llama",
  "hidden_size": 256, "intermediate_size": 704, "num_hidden_layers": 2, "num_attention_heads": 8,
  "num_key_value_heads": 2, "head_dim": 64, "vocab_size": 1000, "max_position_embeddings": 512,
  "rope_theta": 10000.0, "tie_word_embeddings": true, "attention_bias": false,
  "hidden_act": "silu", "rms_norm_eps": 1e-05, "torch_dtype": "bfloat16"})";
// Long rows: several panels a row in down and o_proj.
constexpr const char* kQwen = R"({"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3",
  "hidden_size": 1024, "intermediate_size": 6144, "num_hidden_layers": 2,
  "num_attention_heads": 24, "num_key_value_heads": 4, "head_dim": 128, "vocab_size": 5000,
  "max_position_embeddings": 512, "rope_theta": 1000000.0, "tie_word_embeddings": false,
  "attention_bias": false, "hidden_act": "silu", "rms_norm_eps": 1e-06,
  "torch_dtype": "bfloat16"})";

constexpr const char* kExperts = R"({"architectures": ["Qwen3MoeForCausalLM"],
  "model_type": "qwen3_moe", "hidden_size": 512, "intermediate_size": 768,
  "moe_intermediate_size": 256, "num_experts": 16, "num_experts_per_tok": 4,
  "norm_topk_prob": true, "decoder_sparse_step": 1, "mlp_only_layers": [],
  "num_hidden_layers": 2, "num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 64,
  "vocab_size": 1000, "max_position_embeddings": 512, "rope_theta": 10000.0,
  "tie_word_embeddings": false, "attention_bias": false, "hidden_act": "silu",
  "rms_norm_eps": 1e-06, "torch_dtype": "bfloat16"})";

struct Case {
  const char* name = nullptr;
  const char* config = nullptr;
  StepShape shape{};
  Partition partition = Partition::kMpk;
  EventGranularity events = EventGranularity::kGcd;
  OperatorFusion fusion = OperatorFusion::kNone;
};

const Case kCases[] = {
    {"llama, 1 token", kLlama, {1, 1, 64}},
    {"qwen3, 1 token", kQwen, {1, 1, 64}},
    {"llama, prompt by 4", kLlama, {4, 1, 64}, Partition::kBalanced, EventGranularity::kExact},
    {"qwen3, prompt by 16", kQwen, {16, 1, 64}},
    {"qwen3, 3 requests of 2", kQwen, {6, 3, 64}, Partition::kBalanced},
    {"llama, 8 requests", kLlama, {8, 8, 64}, Partition::kMpk, EventGranularity::kOperator},
    {"llama, fused",
     kLlama,
     {2, 1, 64},
     Partition::kMpk,
     EventGranularity::kGcd,
     OperatorFusion::kNormLinear},
    {"qwen3, 12 requests fused",
     kQwen,
     {12, 12, 64},
     Partition::kBalanced,
     EventGranularity::kOperator,
     OperatorFusion::kNormLinear},
    {"llama, gated",
     kLlama,
     {1, 1, 64},
     Partition::kBalanced,
     EventGranularity::kOperator,
     OperatorFusion::kNormGated},
    {"qwen3, 12 requests gated",
     kQwen,
     {12, 12, 64},
     Partition::kBalanced,
     EventGranularity::kExact,
     OperatorFusion::kNormGated},
    {"llama, paged",
     kLlama,
     {.batch_tokens = 6, .requests = 3, .max_context = 64, .page_positions = 8}},
    {"qwen3, paged and split",
     kQwen,
     {.batch_tokens = 4,
      .requests = 2,
      .max_context = 64,
      .attention_parts = 3,
      .attention_positions = 12,
      .page_positions = 8},
     Partition::kBalanced},
    {"experts, 1 token", kExperts, {1, 1, 64}},
    {"experts, 2 requests", kExperts, {4, 2, 64}, Partition::kBalanced},
};

DecodeOptions decode_options(std::uint32_t prompt = 21, std::uint32_t generate = 12) {
  DecodeOptions options;
  for (std::uint32_t i = 0; i < prompt; ++i) options.prompt.push_back((i * 37 + 11) % 1000);
  options.generate = generate;
  return options;
}

void end_if_lost(const Error& error) {
  if (!error.message.starts_with(kDeviceLost)) return;
  fmt::print("the GPU is lost, the process ends\n");
  std::fflush(stdout);
  std::_Exit(3);
}

std::string text_of(const std::vector<std::uint32_t>& tokens) {
  return fmt::format("{}", fmt::join(tokens, " "));
}

class CaseCheck {
 public:
  CaseCheck(const Case& c, const Device& device, double slow_down, Report& report)
      : case_(c), device_(device), slow_down_(slow_down), report_(report) {}

  void run() {
    SubjectOptions options{.model = case_.config, .shape = case_.shape};
    options.compile.partition = case_.partition;
    options.compile.events = case_.events;
    options.compile.fusion = case_.fusion;
    options.compile.workers = 32;
    Result<Subject> subject = Subject::make(device_, options);
    if (!subject) return refuse("upload", subject.error());
    subject_ = &*subject;
    Result<DecodeResult> wanted = decode_on_host(*subject, decode_);
    if (!wanted) return refuse("host", wanted.error());
    wanted_ = wanted->generated;
    check_bodies();
    for (const Policy& policy : policies()) {
      for (const Roles& roles : splits(policy.kind)) check_policy(policy, roles, true);
    }
    check_policy({PolicyKind::kStatic}, {is_watched() ? 3U : 7U, 0}, false);
    for (const PolicyKind kind : {PolicyKind::kStream, PolicyKind::kGraph, PolicyKind::kPdl}) {
      check_baseline(kind);
    }
  }

 private:
  static std::vector<Policy> policies() {
    Policy shortest{PolicyKind::kJit};
    shortest.jit_placement = JitPlacement::kShortestQueue;
    return {{PolicyKind::kStatic},
            {PolicyKind::kAot},
            {PolicyKind::kJit},
            {PolicyKind::kHybrid},
            shortest};
  }
  bool is_watched() const { return slow_down_ > 1; }
  std::vector<Roles> splits(PolicyKind kind) const {
    if (is_watched()) return {{4, kind == PolicyKind::kStatic ? 0U : 2U}};
    if (kind == PolicyKind::kStatic) return {{device_.sms, 0}, {16, 0}, {1, 0}};
    return {{device_.sms - 4, 16}, {24, 3}, {device_.sms, 0}};
  }
  // Rows and context that the last iteration had.
  std::uint32_t last_rows() const { return case_.shape.requests; }
  std::uint32_t last_context() const {
    return static_cast<std::uint32_t>(decode_.prompt.size()) + decode_.generate - 1;
  }

  void refuse(const std::string& what, const Error& error) {
    report_.verdict(false, fmt::format("{}: {}: {}", case_.name, what, error.message));
    end_if_lost(error);
  }

  DeviceRunOptions baseline(PolicyKind kind) const {
    DeviceRunOptions options;
    options.run.policy.kind = kind;
    options.run.record = false;
    options.limit_seconds = kLimitSeconds * slow_down_;
    return options;
  }

  // By the simplest way to run: one kernel an operator.
  void check_bodies() {
    if (Status ok = subject_->device->poison(); !ok) return refuse("poison", ok.error());
    Result<DeviceRun> run =
        run_operators(*subject_->device, baseline(PolicyKind::kStream), decode_);
    if (!run) return refuse("bodies", run.error());
    check_tokens("bodies", *run);
    Result<std::vector<TensorError>> errors =
        compare_tensors(*subject_, last_rows(), last_context());
    if (!errors) return refuse("bodies", errors.error());
    for (const TensorError& e : *errors) {
      const bool ok = e.not_numbers == 0 && e.error < kLargestError;
      report_.verdict(
          ok,
          fmt::format(
              "{}: {}: error {:.1e}{}", case_.name, e.operator_name, e.error,
              e.not_numbers == 0 ? "" : fmt::format(", {} values are no numbers", e.not_numbers)));
    }
    remember_hash();
  }

  void remember_hash() {
    const Result<std::uint64_t> hash = hash_of_activations(*subject_);
    hash_ = hash ? *hash : 0;
  }

  void check_tokens(const std::string& what, const DeviceRun& run) {
    const bool ok = run.decoded.generated == wanted_ && run.decoded.requests_agree;
    report_.verdict(ok, ok ? fmt::format("{}: {}: tokens as on the host", case_.name, what)
                           : fmt::format("{}: {}: tokens {}, wanted {}{}", case_.name, what,
                                         text_of(run.decoded.generated), text_of(wanted_),
                                         run.decoded.requests_agree ? "" : "; requests differ"));
  }

  void check_hash(const std::string& what) {
    const Result<std::uint64_t> hash = hash_of_activations(*subject_);
    if (!hash) return refuse(what, hash.error());
    if (*hash != hash_) report_.verdict(false, fmt::format("{}: {}: other bits", case_.name, what));
  }

  void check_policy(const Policy& policy, const Roles& roles, bool preloads) {
    const std::string what =
        fmt::format("{}{}, {} + {}{}", facts(policy.kind).name,
                    policy.jit_placement == JitPlacement::kShortestQueue ? " (shortest)" : "",
                    roles.workers, roles.schedulers, preloads ? "" : ", no preloads");
    if (Status ok = subject_->device->poison(); !ok) return refuse(what, ok.error());
    DeviceRunOptions options;
    options.run.policy = policy;
    options.run.roles = roles;
    options.run.deadline_seconds = kDeadlineSeconds * slow_down_;
    options.run.record = roles.workers == 24;
    options.limit_seconds = kLimitSeconds * slow_down_;
    options.preloads = preloads;
    Result<DeviceRun> run = run_megakernel(*subject_->device, options, decode_);
    if (!run) return refuse(what, run.error());
    check_tokens(what, *run);
    check_hash(what);
    if (options.run.record) check_record(what, run->record);
  }

  // Every task of every iteration once, in an order that its times allow.
  void check_record(const std::string& what, const RunRecord& record) {
    const std::size_t wanted =
        std::size_t{subject_->graph().task_count()} * record.iterations.size();
    std::size_t disordered = 0;
    for (const TaskRecord& t : record.tasks) {
      if (t.start > t.end || t.end > t.notified) ++disordered;
    }
    const bool ok = record.tasks.size() == wanted && disordered == 0 && record.health.empty();
    if (ok) return;
    report_.verdict(
        false, fmt::format("{}: {}: {} task records of {}, {} out of order, {}", case_.name, what,
                           record.tasks.size(), wanted, disordered,
                           record.health.empty() ? "none dropped" : record.health[0].message));
  }

  void check_baseline(PolicyKind kind) {
    const std::string what(facts(kind).name);
    if (Status ok = subject_->device->poison(); !ok) return refuse(what, ok.error());
    Result<DeviceRun> run = run_operators(*subject_->device, baseline(kind), decode_);
    if (!run) return refuse(what, run.error());
    check_tokens(what, *run);
    check_hash(what);
  }

  const Case& case_;
  const Device& device_;
  double slow_down_;
  Report& report_;
  DecodeOptions decode_ = is_watched() ? decode_options(2, 2) : decode_options();
  Subject* subject_ = nullptr;
  std::vector<std::uint32_t> wanted_{};
  std::uint64_t hash_ = 0;
};

}  // namespace

void check_correctness(const Device& device, const CorrectnessOptions& options, Report& report) {
  for (const Case& c : kCases) {
    if (std::string_view(c.name).find(options.part_of_name) == std::string_view::npos) continue;
    CaseCheck(c, device, options.slow_down, report).run();
  }
}

void check_many_launches(const Device& device, Report& report) {
  constexpr int kLaunches = 200;
  Result<Subject> subject =
      Subject::make(device, {.model = kLlama, .shape = {1, 1, 64}, .compile = {.workers = 32}});
  if (!subject) return report.verdict(false, subject.error().message);
  const std::vector<std::pair<PolicyKind, Roles>> ways = {
      {PolicyKind::kStatic, {device.sms, 0}},     {PolicyKind::kAot, {device.sms - 4, 16}},
      {PolicyKind::kJit, {device.sms - 4, 16}},   {PolicyKind::kHybrid, {device.sms - 1, 4}},
      {PolicyKind::kJit, {device.sms - 16, 64}},  {PolicyKind::kAot, {33, 1}},
      {PolicyKind::kHybrid, {device.sms - 1, 3}}, {PolicyKind::kJit, {5, 7}}};
  std::vector<std::uint32_t> wanted;
  int same = 0;
  for (int i = 0; i < kLaunches; ++i) {
    const auto& [kind, roles] = ways[static_cast<std::size_t>(i) % ways.size()];
    DeviceRunOptions options;
    options.run.policy.kind = kind;
    options.run.roles = roles;
    options.run.deadline_seconds = kDeadlineSeconds;
    options.run.record = false;
    options.limit_seconds = kLimitSeconds;
    Result<DeviceRun> run = run_megakernel(*subject->device, options, decode_options());
    if (!run) {
      report.verdict(false, fmt::format("launch {}, {}: {}", i, facts(kind).name,
                                        run.error().message.substr(0, 1200)));
      return end_if_lost(run.error());
    }
    if (wanted.empty()) wanted = run->decoded.generated;
    if (run->decoded.generated == wanted) ++same;
  }
  report.verdict(same == kLaunches,
                 fmt::format("{} launches, {} with the same tokens", kLaunches, same));
}

void check_stuck_run(const Device& device, Report& report) {
  Result<Subject> subject =
      Subject::make(device, {.model = kLlama, .shape = {1, 1, 64}, .compile = {.workers = 16}});
  if (!subject) return report.verdict(false, subject.error().message);
  DeviceRunOptions options;
  options.run.policy.kind = PolicyKind::kHybrid;
  options.run.roles = {16, 4};
  options.run.deadline_seconds = 0.5;
  options.run.record = false;
  options.run.injections.lost_notify = subject->graph().task_count() / 2;
  options.limit_seconds = kLimitSeconds;
  const Result<DeviceRun> run = run_megakernel(*subject->device, options, decode_options());
  const bool ok = !run && run.error().code == ErrorCode::kStuck &&
                  !run.error().message.starts_with(kDeviceLost);
  report.verdict(ok, "a run that cannot go on ends by itself and says who waits");
  report.line("{}", run ? std::string("it went on") : run.error().message.substr(0, 1200));
  if (!run) end_if_lost(run.error());
}

}  // namespace mk::cuda::check
