#include "core/base/text.h"
#include "plugins/corpus/reader.h"

namespace cairn::corpus {
namespace {

class TextReader final : public Reader {
 public:
  std::string_view extension() const override { return ""; }

  Result<std::vector<Draft>> read(const Source& source, const SourceFile& file) const override {
    if (!is_valid_utf8(file.bytes)) {
      return std::vector{malformed_draft(source, file, 1, "invalid UTF-8")};
    }
    const std::string_view whole = trim(file.bytes);
    if (whole.empty()) return std::vector{malformed_draft(source, file, 1, "an empty file")};
    Draft draft = record_draft(source, file.path, {{"text", file.path}});
    draft.document.title = trim(whole.substr(0, whole.find('\n')));
    draft.document.text = whole;
    return std::vector{std::move(draft)};
  }
};

}  // namespace

std::unique_ptr<Reader> text_reader() {
  return std::make_unique<TextReader>();
}

}  // namespace cairn::corpus
