// What a loaded tokenizer holds; private to tokenizer*.cpp.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "plugins/lib/model/added_tokens.h"
#include "plugins/lib/model/bpe.h"
#include "plugins/lib/model/piece_scanner.h"
#include "plugins/lib/model/split_pattern.h"
#include "plugins/lib/model/tokenizer.h"

namespace cairn::model {

// Workspaces that no call uses now: as many as calls ran at once. Thread-safe.
class WorkspacePool {
 public:
  [[nodiscard]] std::unique_ptr<BpeWorkspace> take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::make_unique<BpeWorkspace>();
    std::unique_ptr<BpeWorkspace> one = std::move(idle_.back());
    idle_.pop_back();
    return one;
  }
  void give_back(std::unique_ptr<BpeWorkspace> one) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(one));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<BpeWorkspace>> idle_;  // guarded by mutex_
};

using SplitStep = std::variant<PieceScanner, SplitPattern>;

struct Tokenizer::Impl {
  std::vector<std::string> bytes_of;  // by id
  std::vector<bool> special;          // by id
  TextIds id_of;                      // as tokenizer.json spells them
  Bpe bpe;
  AddedTokens added;             // looked for in the text as it is
  AddedTokens added_normalized;  // looked for after NFC
  std::vector<SplitStep> steps;  // applied one after another
  bool nfc = false;
  ChatTemplate chat;
  mutable WorkspacePool workspaces;
};

struct TokenizerBuilder {
  using Impl = Tokenizer::Impl;
  static Tokenizer make(std::unique_ptr<Impl> impl) { return Tokenizer(std::move(impl)); }
};

}  // namespace cairn::model
