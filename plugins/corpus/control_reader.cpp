#include "core/base/text.h"
#include "plugins/corpus/reader.h"

namespace cairn::corpus {
namespace {

// A stanza of an index speaks of its own package.
void name_origin(const RawRecord& stanza, text::Document& document) {
  const auto version = stanza.find("Version");
  const auto name = stanza.contains("Source") ? stanza.find("Source") : stanza.find("Package");
  if (version == stanza.end() || name == stanza.end()) return;
  document.package = name->second.substr(0, name->second.find(' '));
  document.version = version->second;
}

class ControlReader final : public Reader {
 public:
  std::string_view extension() const override { return ""; }

  Result<std::vector<Draft>> read(const Source& source, const SourceFile& file) const override {
    CAIRN_ASSIGN(const RecordMapping mapping, RecordMapping::of(source));
    std::vector<Draft> drafts;
    RawRecord stanza;
    std::string* last = nullptr;
    std::string problem;
    std::size_t begin = 1, number = 0;
    const auto finish = [&] {
      if (!problem.empty()) {
        drafts.push_back(malformed_draft(source, file, begin, problem));
      } else if (!stanza.empty()) {
        drafts.push_back(mapping.draft(source, file, begin, stanza));
        name_origin(stanza, drafts.back().document);
      }
      stanza.clear();
      problem.clear();
      last = nullptr;
      begin = number + 1;
    };
    for (const std::string_view line : split(file.bytes, '\n')) {
      ++number;
      if (trim(line).empty()) {
        finish();
      } else if (line.front() == ' ' || line.front() == '\t') {
        if (last != nullptr) *last += "\n" + std::string(trim(line));
      } else if (const std::size_t colon = line.find(':'); colon != line.npos && colon > 0) {
        last = &stanza[std::string(line.substr(0, colon))];
        *last = trim(line.substr(colon + 1));
      } else {
        problem = "line " + std::to_string(number) + " is no 'Name: value'";
      }
    }
    finish();
    return drafts;
  }
};

}  // namespace

std::unique_ptr<Reader> control_reader() {
  return std::make_unique<ControlReader>();
}

}  // namespace cairn::corpus
