// The small language in which a source says what its documents' lines hold.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace cairn::corpus {

// A raw record: what stands in the source, by the source's own names.
using RawRecord = std::map<std::string, std::string, std::less<>>;

// FIELD [or FIELD]... [| STEP]...
// The first field that is there and not empty, changed by each step in turn:
//   before TEXT       up to the first TEXT ("NO-08" | before - gives NO; TEXT `space` is a blank)
//   prefix N          the first N characters
//   sentence          first letter of the lower-cased words in upper case
//   upstream          a Debian version without epoch and revision
//   person            "Name <mail>" without the mail
//   dependency NAMES  the first package of a dependency list that is none of NAMES
//   latitude, longitude   that half of ISO 6709's ±DDMM[SS]±DDDMM[SS], in whole degrees
//   map A=B,C=D       B for A, D for C; nothing for anything else
class Expression {
 public:
  [[nodiscard]] static Result<Expression> parse(std::string_view text);
  // "" where the record has nothing for it.
  [[nodiscard]] std::string evaluate(const RawRecord& record) const;

 private:
  struct Step {
    std::string name;
    std::string argument;
  };
  std::vector<std::string> fields_;
  std::vector<Step> steps_;
};

}  // namespace cairn::corpus
