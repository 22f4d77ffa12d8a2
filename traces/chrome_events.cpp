#include "traces/chrome_events.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace mk {
namespace {

using Json = nlohmann::json;

constexpr double kLastTime = 2305843009213693952.0;  // 2^61

// nlohmann's SAX interface: called once for each token.
class EventHandler final : public nlohmann::json_sax<Json> {
 public:
  explicit EventHandler(const std::function<void(ChromeEvent&&)>& visit) : visit_(visit) {}

  bool null() override { return scalar("null", false); }
  bool boolean(bool value) override { return scalar(value ? "true" : "false", false); }
  bool number_integer(number_integer_t value) override {
    return scalar(std::to_string(value), true);
  }
  bool number_unsigned(number_unsigned_t value) override {
    return scalar(std::to_string(value), true);
  }
  bool number_float(number_float_t, const string_t& text) override { return scalar(text, true); }
  bool string(string_t& text) override { return scalar(std::move(text), false); }
  bool binary(binary_t&) override { return true; }

  bool start_object(std::size_t) override {
    if (places_.empty()) return open(Place::kDocument);
    if (place() == Place::kEvents) {
      event_ = {};
      return open(Place::kEvent);
    }
    if (place() == Place::kEvent && key_ == "args") return open(Place::kArguments);
    if (place() == Place::kArguments) {
      outer_ = key_ + '.';
      return open(Place::kInnerArguments);
    }
    if (place() == Place::kDocument && (key_ == "otherData" || key_ == "metadata")) {
      return open(Place::kMetadata);
    }
    return open(Place::kElsewhere);
  }
  bool end_object() override {
    if (place() == Place::kEvent) {
      ++reading.events;
      visit_(std::move(event_));
    }
    return close();
  }
  bool start_array(std::size_t) override {
    const bool is_list = places_.empty() || (place() == Place::kDocument && key_ == "traceEvents");
    has_list_ = has_list_ || is_list;
    return open(is_list ? Place::kEvents : Place::kElsewhere);
  }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    key_ = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    error_position = position;
    // Without the library's "[json.exception.parse_error.101] parse error at line 1, column 1: ".
    const std::string text = error.what();
    const std::size_t reason = text.find("column ");
    const std::size_t colon = reason == std::string::npos ? reason : text.find(": ", reason);
    error_text = colon == std::string::npos ? text : text.substr(colon + 2);
    return false;
  }

  bool has_list() const { return has_list_; }

  ChromeReading reading{};
  std::size_t error_position = 0;
  std::string error_text{};

 private:
  enum class Place : std::uint8_t {
    kDocument,
    kEvents,
    kEvent,
    kArguments,
    kInnerArguments,
    kMetadata,
    kElsewhere,
  };

  Place place() const { return places_.back(); }
  bool open(Place place) {
    places_.push_back(place);
    return true;
  }
  bool close() {
    places_.pop_back();
    return true;
  }

  bool scalar(std::string value, bool is_number) {
    if (places_.empty()) return true;  // a document that is one value has no list
    switch (place()) {
      case Place::kEvent:
        take(value, is_number);
        break;
      case Place::kArguments:
        event_.arguments.emplace_back(key_, std::move(value));
        break;
      case Place::kInnerArguments:
        event_.arguments.emplace_back(outer_ + key_, std::move(value));
        break;
      case Place::kMetadata:
        reading.metadata.emplace_back(key_, std::move(value));
        break;
      case Place::kElsewhere:
        reading.values_left_out += is_within_event() ? 1 : 0;
        break;
      default:
        break;
    }
    return true;
  }

  bool is_within_event() const {
    return std::find(places_.begin(), places_.end(), Place::kEvent) != places_.end();
  }

  void take(std::string& value, bool is_number) {
    if (key_ == "ph") {
      event_.phase = value.size() == 1 ? value[0] : '\0';
    } else if (key_ == "ts" || key_ == "dur") {
      auto& target = key_ == "ts" ? event_.time : event_.duration;
      target = is_number ? nanoseconds_from_microseconds(value) : std::nullopt;
    } else if (key_ == "name") {
      event_.name = std::move(value);
    } else if (key_ == "cat") {
      event_.category = std::move(value);
    } else if (key_ == "pid") {
      event_.process = std::move(value);
    } else if (key_ == "tid") {
      event_.thread = std::move(value);
    } else if (key_ == "id") {
      event_.id = std::move(value);
    } else if (key_ == "bp") {
      event_.binding = std::move(value);
    }
  }

  const std::function<void(ChromeEvent&&)>& visit_;
  std::vector<Place> places_{};
  std::string key_{};
  std::string outer_{};
  ChromeEvent event_{};
  bool has_list_ = false;
};

bool is_whole_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::optional<Nanoseconds> nanoseconds_from_microseconds(const std::string& text) {
  std::string_view rest = text;
  const bool is_negative = rest.starts_with('-');
  if (is_negative) rest.remove_prefix(1);
  const std::size_t point = rest.find('.');
  const std::string_view whole = rest.substr(0, point);
  std::string digits(whole);
  const std::string_view fraction =
      point == std::string_view::npos ? std::string_view("0") : rest.substr(point + 1);
  double value = 0;
  if (is_whole_number(whole) && is_whole_number(fraction) && whole.size() <= 15) {
    digits += std::string(fraction.substr(0, 3));
    digits.append(whole.size() + 3 - digits.size(), '0');
    std::int64_t exact = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), exact);
    if (static_cast<double>(exact) >= kLastTime) return std::nullopt;
    return is_negative ? -exact : exact;
  }
  // An exponent.
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
  value = std::trunc(value * 1000);
  if (!(value < kLastTime)) return std::nullopt;
  return static_cast<Nanoseconds>(is_negative ? -value : value);
}

Result<ChromeReading> read_chrome_events(std::istream& in,
                                         const std::function<void(ChromeEvent&&)>& visit) {
  EventHandler handler(visit);
  if (!Json::sax_parse(in, &handler)) {
    const bool is_at_end = in.eof();
    if (!is_at_end || handler.reading.events == 0) {
      return fail(
          ErrorCode::kInvalidInput,
          fmt::format("no JSON at byte {}: {}", handler.error_position, handler.error_text));
    }
    handler.reading.is_truncated = true;
  }
  if (!handler.has_list()) {
    return fail(ErrorCode::kInvalidInput, "JSON, but no list of trace events");
  }
  return std::move(handler.reading);
}

}  // namespace mk
