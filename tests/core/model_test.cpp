#include "core/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/embedded_files.h"

namespace mk {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// A config with one field replaced (or, with an empty value, taken out).
std::string error_with(const std::string& key, const std::string& value,
                       const char* model = "qwen3-0.6b") {
  std::string text;
  for (const EmbeddedFile& file : embedded_models()) {
    if (file.name == model) text = std::string(file.text);
  }
  const std::size_t at = text.find("\"" + key + "\"");
  if (at == std::string::npos) {
    text.insert(text.find('{') + 1, "\"" + key + "\": " + value + ",");
  } else {
    const std::size_t open = text.find_first_not_of(" :", at + key.size() + 2);
    const std::size_t end = text[open] == '[' || text[open] == '{'
                                ? text.find_first_of("]}", open) + 1
                                : text.find_first_of(",\n}", open);
    text.replace(open, end - open, value.empty() ? "null" : value);
  }
  const auto parsed = model_from_json(text, "config.json", "x");
  return parsed ? "" : parsed.error().message;
}

TEST(Models, AreAllThere) {
  EXPECT_THAT(
      builtin_models(),
      ::testing::ElementsAre("smollm2-135m", "qwen3-0.6b", "qwen3-1.7b", "qwen3-4b", "qwen3-8b",
                             "qwen3-30b-a3b", "llama-3.2-1b", "llama-3.1-8b", "llama-3.1-70b"));
}

// Published sizes.
TEST(Models, HaveTheirPublishedNumbersOfParameters) {
  const auto parameters = [](const char* name) {
    return static_cast<double>(load_model(name)->parameters());
  };
  EXPECT_NEAR(parameters("smollm2-135m"), 134.5e6, 0.1e6);
  EXPECT_NEAR(parameters("qwen3-0.6b"), 0.6e9, 0.01e9);
  EXPECT_NEAR(parameters("qwen3-8b"), 8.2e9, 0.05e9);
  EXPECT_NEAR(parameters("qwen3-30b-a3b"), 30.5e9, 0.05e9);
  EXPECT_NEAR(parameters("llama-3.2-1b"), 1.236e9, 0.001e9);
  EXPECT_NEAR(parameters("llama-3.1-8b"), 8.03e9, 0.01e9);
  EXPECT_NEAR(parameters("llama-3.1-70b"), 70.55e9, 0.01e9);
}

TEST(Models, ReadLlamaScaling) {
  const ModelConfig model = *load_model("llama-3.2-1b");
  ASSERT_TRUE(model.rope_scaling);
  EXPECT_EQ(model.rope_scaling->factor, 32);
  EXPECT_EQ(model.rope_scaling->original_context, 8192);
  EXPECT_FALSE(model.has_qk_norm());
  EXPECT_TRUE(model.tied_embeddings);
}

TEST(ModelFromJson, NamesTheFieldThatIsMissing) {
  for (const char* key : {"hidden_size", "intermediate_size", "num_hidden_layers",
                          "num_attention_heads", "vocab_size", "max_position_embeddings"})
    EXPECT_THAT(error_with(key, ""),
                AllOf(HasSubstr("config.json"), HasSubstr(key), HasSubstr("missing")));
}

TEST(ModelFromJson, NamesTheFieldThatIsNonsense) {
  EXPECT_THAT(error_with("num_hidden_layers", "0"), HasSubstr("num_hidden_layers is 0"));
  EXPECT_THAT(error_with("num_hidden_layers", "1e9"), HasSubstr("num_hidden_layers"));
  EXPECT_THAT(error_with("hidden_size", "\"big\""), HasSubstr("hidden_size is not a whole"));
  EXPECT_THAT(error_with("vocab_size", "99999999999"), HasSubstr("vocab_size"));
  EXPECT_THAT(error_with("num_key_value_heads", "3"), HasSubstr("num_key_value_heads is 3"));
  EXPECT_THAT(error_with("head_dim", "127"), HasSubstr("head_dim is 127, which is odd"));
  EXPECT_THAT(error_with("rms_norm_eps", "-1"), HasSubstr("rms_norm_eps"));
  EXPECT_THAT(error_with("tie_word_embeddings", "1"), HasSubstr("tie_word_embeddings"));
  EXPECT_THAT(error_with("num_experts_per_tok", "129", "qwen3-30b-a3b"),
              HasSubstr("num_experts_per_tok is 129, there are 128"));
}

TEST(ModelFromJson, NamesWhatIsUnsupported) {
  EXPECT_THAT(error_with("architectures", "[\"GPT2LMHeadModel\"]"), HasSubstr("GPT2LMHeadModel"));
  EXPECT_THAT(model_from_json("{\"model_type\": \"gpt2\"}", "c", "x").error().message,
              HasSubstr("model_type 'gpt2' is none of llama, qwen3, qwen3_moe"));
  EXPECT_THAT(error_with("hidden_act", "\"gelu\""), HasSubstr("hidden_act 'gelu'"));
  EXPECT_THAT(error_with("attention_bias", "true"), HasSubstr("attention_bias"));
  EXPECT_THAT(error_with("rope_scaling", "{\"rope_type\": \"yarn\"}"), HasSubstr("yarn"));
  EXPECT_THAT(error_with("decoder_sparse_step", "2", "qwen3-30b-a3b"),
              HasSubstr("decoder_sparse_step"));
}

TEST(ModelFromJson, TakesNewerRopeParameters) {
  EXPECT_EQ(error_with("rope_parameters", "{\"rope_type\": \"default\", \"rope_theta\": 5000}"),
            "");
}

TEST(ModelFromJson, RefusesWhatIsNoJson) {
  EXPECT_THAT(model_from_json("{\"a\":", "x.json", "x").error().message,
              HasSubstr("x.json: not a JSON object"));
  EXPECT_THAT(model_from_json("[]", "x.json", "x").error().message, HasSubstr("x.json"));
}

TEST(LoadModel, TakesAFileOrTheFolderAroundIt) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(::testing::TempDir()) / "load_model_test" / "my-model";
  fs::create_directories(folder);
  std::ofstream(folder / "config.json") << load_model("qwen3-0.6b")->json;
  const auto from_folder = load_model(folder.string());
  const auto from_file = load_model((folder / "config.json").string());
  ASSERT_TRUE(from_folder && from_file);
  EXPECT_EQ(from_folder->name, "my-model");
  EXPECT_EQ(from_file->name, "my-model");
  EXPECT_EQ(from_file->hidden, 1024);
  fs::remove_all(folder.parent_path());
}

TEST(LoadModel, ListsTheBuiltInNames) {
  const auto model = load_model("qwen3-9b");
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(model.error().message, AllOf(HasSubstr("qwen3-9b"), HasSubstr("qwen3-8b")));
}

}  // namespace
}  // namespace mk
