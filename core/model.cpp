#include "core/model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/embedded_files.h"

namespace mk {
namespace {

using nlohmann::json;

// Reads fields of one JSON object and keeps the first complaint.
class Fields {
 public:
  Fields(const json& object, std::string source) : object_(object), source_(std::move(source)) {}

  bool has(const char* key) const { return object_.contains(key) && !object_[key].is_null(); }

  // A whole number from 1 to `most`.
  std::int64_t positive(const char* key, std::int64_t most = std::int64_t{1} << 40) {
    if (!has(key)) return refuse(key, "is missing"), 1;
    const json& value = object_[key];
    if (!value.is_number_integer()) return refuse(key, "is not a whole number"), 1;
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(most))
      return refuse(key, fmt::format("is {}, more than {}", value.dump(), most)), 1;
    const auto n = value.get<std::int64_t>();
    if (n < 1) return refuse(key, fmt::format("is {}, at least 1 is needed", n)), 1;
    return n;
  }
  std::int64_t positive_or(const char* key, std::int64_t otherwise) {
    return has(key) ? positive(key) : otherwise;
  }
  double real_or(const char* key, double otherwise) {
    if (!has(key)) return otherwise;
    if (!object_[key].is_number()) return refuse(key, "is not a number"), otherwise;
    const auto value = object_[key].get<double>();
    if (!std::isfinite(value) || value <= 0)
      return refuse(key, fmt::format("is {}, more than 0 is needed", value)), otherwise;
    return value;
  }
  bool flag_or(const char* key, bool otherwise) {
    if (!has(key)) return otherwise;
    if (!object_[key].is_boolean()) return refuse(key, "is neither true nor false"), otherwise;
    return object_[key].get<bool>();
  }
  std::string text_or(const char* key, std::string otherwise) {
    if (!has(key)) return otherwise;
    if (!object_[key].is_string()) return refuse(key, "is not a text"), otherwise;
    return object_[key].get<std::string>();
  }
  const json& operator[](const char* key) const { return object_[key]; }

  void refuse(std::string_view key, std::string_view why,
              ErrorCode code = ErrorCode::kInvalidInput) {
    if (!error_) error_ = Error{code, fmt::format("{}: {} {}", source_, key, why)};
  }
  void unsupported(std::string_view key, std::string_view why) {
    refuse(key, why, ErrorCode::kUnsupported);
  }
  const std::optional<Error>& error() const { return error_; }
  const std::string& source() const { return source_; }

 private:
  const json& object_;
  std::string source_;
  std::optional<Error> error_{};
};

struct FamilyRow {
  ModelFamily family;
  std::string_view name;
  std::string_view architecture;
};
constexpr FamilyRow kFamilies[] = {
    {ModelFamily::kLlama, "llama", "LlamaForCausalLM"},
    {ModelFamily::kQwen3, "qwen3", "Qwen3ForCausalLM"},
    {ModelFamily::kQwen3Moe, "qwen3_moe", "Qwen3MoeForCausalLM"},
};

ModelFamily read_family(Fields& f) {
  std::string architecture;
  if (f.has("architectures")) {
    const json& list = f["architectures"];
    if (!list.is_array() || list.size() != 1 || !list[0].is_string())
      return f.refuse("architectures", "is not a list of one name"), ModelFamily::kLlama;
    architecture = list[0].get<std::string>();
  }
  const std::string type = f.text_or("model_type", "");
  if (architecture.empty() && type.empty())
    return f.refuse("architectures", "is missing"), ModelFamily::kLlama;
  for (const FamilyRow& row : kFamilies) {
    if (architecture.empty() ? type == row.name : architecture == row.architecture)
      return row.family;
  }
  f.unsupported(architecture.empty() ? "model_type" : "architectures",
                architecture.empty()
                    ? fmt::format("'{}' is none of llama, qwen3, qwen3_moe", type)
                    : fmt::format("'{}' is none of LlamaForCausalLM, Qwen3ForCausalLM, "
                                  "Qwen3MoeForCausalLM",
                                  architecture));
  return ModelFamily::kLlama;
}

// rope_scaling as Hugging Face writes it; `rope_parameters` is the name in newer files.
void read_rope(Fields& f, ModelConfig& m) {
  m.rope_theta = f.real_or("rope_theta", m.rope_theta);
  const char* key = f.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
  if (!f.has(key)) return;
  if (!f[key].is_object()) return f.refuse(key, "is not an object");
  Fields rope(f[key], fmt::format("{}: {}", f.source(), key));
  m.rope_theta = rope.real_or("rope_theta", m.rope_theta);
  const std::string type = rope.text_or("rope_type", rope.text_or("type", "default"));
  if (type == "llama3") {
    RopeScaling s;
    s.factor = rope.real_or("factor", s.factor);
    s.low_frequency_factor = rope.real_or("low_freq_factor", s.low_frequency_factor);
    s.high_frequency_factor = rope.real_or("high_freq_factor", s.high_frequency_factor);
    s.original_context = rope.positive_or("original_max_position_embeddings", s.original_context);
    if (s.high_frequency_factor <= s.low_frequency_factor)
      rope.refuse("high_freq_factor", "must be more than low_freq_factor");
    m.rope_scaling = s;
  } else if (type != "default") {
    rope.unsupported("rope_type", fmt::format("'{}' is neither default nor llama3", type));
  }
  if (rope.error()) f.refuse(key, rope.error()->message, rope.error()->code);
}

void read_moe(Fields& f, ModelConfig& m) {
  MoeConfig moe;
  moe.experts = f.positive("num_experts", 65536);
  moe.top_k = f.positive("num_experts_per_tok");
  moe.intermediate = f.positive("moe_intermediate_size", 1 << 24);
  moe.normalise_top_k = f.flag_or("norm_topk_prob", false);
  if (moe.top_k > moe.experts)
    f.refuse("num_experts_per_tok",
             fmt::format("is {}, there are {} experts", moe.top_k, moe.experts));
  if (f.positive_or("decoder_sparse_step", 1) != 1)
    f.unsupported("decoder_sparse_step", "is not 1: dense layers between are not supported");
  if (f.has("mlp_only_layers") && !f["mlp_only_layers"].empty())
    f.unsupported("mlp_only_layers", "is not empty: dense layers between are not supported");
  m.moe = moe;
}

void read_end_of_sequence(Fields& f, ModelConfig& m) {
  if (!f.has("eos_token_id")) return;
  const json& ids = f["eos_token_id"];
  for (const json& id : ids.is_array() ? ids : json::array({ids})) {
    if (!id.is_number_unsigned() || id.get<std::uint64_t>() > 0xffffffffu)
      return f.refuse("eos_token_id", "is neither a token id nor a list of them");
    m.end_of_sequence.push_back(id.get<std::uint32_t>());
  }
}

void check_sense(Fields& f, const ModelConfig& m) {
  if (m.heads % m.kv_heads != 0)
    f.refuse("num_key_value_heads",
             fmt::format("is {}, which does not divide {} heads", m.kv_heads, m.heads));
  if (m.head_dim % 2 != 0) f.refuse("head_dim", fmt::format("is {}, which is odd", m.head_dim));
  if (f.text_or("hidden_act", "silu") != "silu")
    f.unsupported("hidden_act", fmt::format("'{}' is not silu", f.text_or("hidden_act", "")));
  for (const char* key : {"attention_bias", "mlp_bias", "use_sliding_window"}) {
    if (f.flag_or(key, false)) f.unsupported(key, "is true, which no task body knows");
  }
}

void read_shape(Fields& f, ModelConfig& m) {
  m.hidden = f.positive("hidden_size", 1 << 20);
  m.intermediate = m.family == ModelFamily::kQwen3Moe ? f.positive_or("intermediate_size", 1)
                                                      : f.positive("intermediate_size", 1 << 24);
  m.layers = f.positive("num_hidden_layers", 65536);
  m.heads = f.positive("num_attention_heads", 65536);
  m.kv_heads = f.has("num_key_value_heads") ? f.positive("num_key_value_heads", 65536) : m.heads;
  if (!f.has("head_dim") && m.hidden % m.heads != 0)
    f.refuse("head_dim", "is missing, and the heads do not divide hidden_size");
  m.head_dim = f.has("head_dim") ? f.positive("head_dim", 65536) : m.hidden / m.heads;
  m.vocabulary = f.positive("vocab_size", 1 << 28);
  m.max_positions = f.positive("max_position_embeddings", 0x7fffffff);
  m.epsilon = f.real_or("rms_norm_eps", m.epsilon);
  m.tied_embeddings = f.flag_or("tie_word_embeddings", false);
}

Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  if (!file || !(text << file.rdbuf()))
    return fail(ErrorCode::kIo, fmt::format("{}: cannot be read", path.string()));
  return text.str();
}

}  // namespace

std::string_view name_of(ModelFamily family) {
  return kFamilies[static_cast<std::size_t>(family)].name;
}

std::int64_t ModelConfig::parameters() const {
  const std::int64_t attention =
      hidden * head_dim * (2 * heads + 2 * kv_heads) + (has_qk_norm() ? 2 * head_dim : 0);
  const std::int64_t mlp =
      moe ? hidden * moe->experts * (1 + 3 * moe->intermediate) : 3 * hidden * intermediate;
  return layers * (attention + mlp + 2 * hidden) + hidden +
         vocabulary * hidden * (tied_embeddings ? 1 : 2);
}

Result<ModelConfig> model_from_json(std::string_view text, std::string_view source,
                                    std::string name) {
  const json config = json::parse(text, nullptr, false);
  if (config.is_discarded() || !config.is_object())
    return fail(ErrorCode::kInvalidInput, fmt::format("{}: not a JSON object", source));
  ModelConfig m;
  m.name = std::move(name);
  m.json = std::string(text);
  Fields f(config, std::string(source));
  m.family = read_family(f);
  if (!f.error()) read_shape(f, m);
  if (!f.error()) read_rope(f, m);
  if (!f.error() && m.family == ModelFamily::kQwen3Moe) read_moe(f, m);
  if (!f.error()) read_end_of_sequence(f, m);
  if (!f.error()) check_sense(f, m);
  if (f.error()) return tl::unexpected(*f.error());
  return m;
}

std::vector<std::string> builtin_models() {
  std::vector<std::string> names;
  for (const EmbeddedFile& file : embedded_models()) names.emplace_back(file.name);
  return names;
}

Result<ModelConfig> load_model(const std::string& model) {
  namespace fs = std::filesystem;
  for (const EmbeddedFile& file : embedded_models()) {
    if (file.name == model) return model_from_json(file.text, model, model);
  }
  std::error_code ignored;
  fs::path path(model);
  if (fs::is_directory(path, ignored)) path /= "config.json";
  if (!fs::exists(path, ignored)) {
    return fail(ErrorCode::kNotFound,
                fmt::format("{}: neither a file, nor a folder with a config.json, nor one of the "
                            "built-in models {}",
                            model, fmt::join(builtin_models(), ", ")));
  }
  const Result<std::string> text = read_file(path);
  if (!text) return tl::unexpected(text.error());
  const fs::path whole = fs::absolute(path, ignored).lexically_normal();
  const bool is_config = whole.filename() == "config.json";
  const std::string name =
      is_config ? whole.parent_path().filename().string() : whole.stem().string();
  return model_from_json(*text, path.string(), name);
}

}  // namespace mk
