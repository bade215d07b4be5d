#include "core/server/reading/record_cut.h"

#include <string>

#include "core/server/reading/log_line.h"
#include "core/server/reading/text_head.h"

namespace cairn {
namespace {

constexpr std::size_t kSmaller = 8;
constexpr std::size_t kMostMarks = 256;

std::string pointer_part(std::string_view key) {
  std::string part = "/";
  for (const char letter : key) {
    if (letter == '~') {
      part += "~0";
    } else if (letter == '/') {
      part += "~1";
    } else {
      part += letter;
    }
  }
  return part;
}

class Cutter {
 public:
  explicit Cutter(const CutLimits& limits) : limits_(limits) {}

  json::value cut(const json::value& value, const std::string& path) {
    if (const auto* text = value.if_string()) {
      if (text->size() <= limits_.text) return value;
      mark(path, "bytes", text->size());
      return json::value(text_head(*text, limits_.text));
    }
    if (const auto* list = value.if_array()) {
      if (list->size() > limits_.items) mark(path, "items", list->size());
      json::array shown;
      for (std::size_t i = 0; i < list->size() && i < limits_.items; ++i)
        shown.push_back(cut((*list)[i], path + "/" + std::to_string(i)));
      return shown;
    }
    if (const auto* object = value.if_object()) return cut(*object, path);
    return value;
  }
  json::object cut(const json::object& object, const std::string& path) {
    if (object.size() > limits_.items) mark(path, "items", object.size());
    json::object shown;
    std::size_t count = 0;
    for (const auto& [key, value] : object) {
      if (count++ == limits_.items) break;
      shown[text_head(key, limits_.text)] = cut(value, path + pointer_part(key));
    }
    return shown;
  }
  [[nodiscard]] json::array take_marks() { return std::move(marks_); }

 private:
  void mark(const std::string& path, const char* what, std::size_t whole) {
    if (marks_.size() < kMostMarks) marks_.push_back(json::object{{"path", path}, {what, whole}});
  }
  CutLimits limits_;
  json::array marks_;
};

}  // namespace

CutRecord cut_record(const json::object& record, const CutLimits& limits) {
  CutLimits now = limits;
  for (;;) {
    Cutter cutter(now);
    CutRecord cut;
    cut.record = cutter.cut(record, "");
    cut.cut = cutter.take_marks();
    if (now.text <= 1 && now.items <= 1) return cut;
    if (json::serialize(cut.record).size() <= limits.bytes) return cut;
    now.text = std::max<std::size_t>(now.text / kSmaller, 1);
    now.items = std::max<std::size_t>(now.items / 4, 1);
  }
}

}  // namespace cairn
