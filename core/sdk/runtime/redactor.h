// Redactor: takes secrets out of what a stage says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cairn {

// Replaces known secrets, also in Base64, in hex and as URLs spell them, by "***". Those of fewer
// than 4 bytes are left alone: that would hide which text they stand in. Thread-safe once made.
class Redactor {
 public:
  Redactor() = default;
  explicit Redactor(std::vector<std::string> secrets);

  [[nodiscard]] bool empty() const { return secrets_.empty(); }
  [[nodiscard]] std::string redacted(std::string_view text) const;
  // The same up to where the rest of the text may begin a secret; that rest is left in *open.
  [[nodiscard]] std::string redacted(std::string_view text, std::string_view* open) const;

 private:
  std::vector<std::string> secrets_;  // longest first
};

// The same for text that comes in pieces. Not thread-safe.
class RedactedStream {
 public:
  explicit RedactedStream(const Redactor& redactor) : redactor_(redactor) {}
  // What can be said of the bytes so far; bytes that may begin a secret are held back.
  [[nodiscard]] std::string add(std::string_view bytes);
  // The rest.
  [[nodiscard]] std::string finish();

 private:
  const Redactor& redactor_;
  std::string held_;
};

}  // namespace cairn
