#include "plugins/corpus/draft.h"

#include <algorithm>

namespace cairn::corpus {
namespace {

std::string document_id(const Source& source, std::string_view part) {
  std::string id = source.domain;
  if (!source.package.empty()) id += "/" + source.package;
  return id + "/" + std::string(part);
}

bool contains(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

std::string slug(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool kept =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '+' || c == '_';
    if (upper) {
      out += static_cast<char>(c - 'A' + 'a');
    } else if (kept) {
      out += c;
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  while (out.ends_with('-')) out.pop_back();
  return out;
}

Draft record_draft(const Source& source, std::string_view id, const Fields& lines) {
  Draft draft;
  draft.document.domain = source.domain;
  draft.document.id = document_id(source, slug(lines.front().first) + "-" + slug(id));
  draft.document.title = lines.front().second;
  draft.names.push_back(lines.front().second);
  for (const auto& [key, value] : lines) {
    if (!draft.document.text.empty()) draft.document.text += '\n';
    draft.document.text += key + ": " + value;
    if (contains(source.named_by, key)) draft.names.push_back(value);
    if (contains(source.links, key)) draft.links.push_back(value);
  }
  return draft;
}

Draft malformed_draft(const Source& source, const SourceFile& file, std::size_t line,
                      std::string problem) {
  Draft draft;
  draft.document.domain = source.domain;
  draft.document.id = document_id(
      source, slug(fs::path(file.path).filename().string()) + "-line-" + std::to_string(line));
  draft.problem = std::move(problem);
  return draft;
}

}  // namespace cairn::corpus
