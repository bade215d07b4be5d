// Diagnostics: everything that is wrong with a workflow, found in one go.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/json.h"
#include "core/base/result.h"

namespace cairn {

// A text that diagnostics point into. Immutable; shared by the nodes that were read from it.
struct SourceFile {
  std::string name;  // as the user named it
  std::string text;  // valid UTF-8
  std::vector<std::size_t> line_starts;

  [[nodiscard]] static std::shared_ptr<const SourceFile> make(std::string name, std::string text);
  [[nodiscard]] Where where(std::size_t offset) const;
  // Without its line end; empty where there is no such line. Lines count from 1.
  [[nodiscard]] std::string_view line(int number) const;
};
using SourcePtr = std::shared_ptr<const SourceFile>;

enum class Severity { kError, kWarning };

struct Diagnostic {
  Severity severity = Severity::kError;
  std::string code;  // stable, for programs: "unknown_key"
  std::string message;
  Where where;
  std::string hint;
  std::string source_line;  // the line `where` points into
};

// Not thread-safe. After kLimit entries further ones are counted, not kept.
class Diagnostics {
 public:
  static constexpr std::size_t kLimit = 200;

  void add(Severity severity, std::string code, const SourceFile& source, std::size_t offset,
           std::string message, std::string hint = {});
  void error(std::string code, const SourceFile& source, std::size_t offset, std::string message,
             std::string hint = {}) {
    add(Severity::kError, std::move(code), source, offset, std::move(message), std::move(hint));
  }

  // The line is shown with no diagnostic, earlier ones included: it may hold a secret.
  void hide_line(const SourceFile& source, std::size_t offset);

  // Further ones are only counted: a hint for them would be made for nobody.
  [[nodiscard]] bool full() const { return items_.size() >= kLimit; }

  [[nodiscard]] bool has_errors() const { return errors_ > 0; }
  [[nodiscard]] std::size_t errors() const { return errors_; }
  // Sorted by file, in the order the files were first named, then by position.
  [[nodiscard]] std::vector<Diagnostic> sorted() const;

  // {"valid":bool,"diagnostics":[...]}
  [[nodiscard]] json::object to_json() const;
  // For people: each with its line and a caret below it, then a count.
  [[nodiscard]] std::string to_text() const;

 private:
  std::vector<Diagnostic> items_;
  std::set<std::pair<std::string, int>> hidden_;  // file and line
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
};

// "did you mean 'X'?", or nothing where no candidate is near.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       const std::vector<std::string>& candidates);

// "a, b, c", the first twenty of them.
[[nodiscard]] std::string listed(const std::vector<std::string>& names);

}  // namespace cairn
