// Input, InputList and Output: ports that declare themselves and hold the attempt's paths.
#pragma once

#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/result.h"
#include "core/sdk/declaration.h"
#include "core/sdk/kind.h"

namespace cairn {

class Stage;

struct Optional {};  // an input that may be left out
// An output whose kind is what this parameter says (import).
struct KindFromParam {
  const char* param;
};

class InputBase {
 public:
  InputBase(const InputBase&) = delete;
  InputBase& operator=(const InputBase&) = delete;
  [[nodiscard]] const PortDecl& decl() const { return decl_; }
  [[nodiscard]] const Kind& kind() const { return kind_; }
  [[nodiscard]] bool present() const { return !paths_.empty(); }

 protected:
  InputBase(Stage* stage, const char* name, Kind kind, const char* doc, bool optional, bool list);
  ~InputBase() = default;
  std::vector<fs::path> paths_;

 private:
  friend class Stage;
  PortDecl decl_;
  Kind kind_;
};

// One artifact, read-only.
template <typename K>
class Input final : public InputBase {
 public:
  Input(Stage* stage, const char* name, const char* doc)
      : InputBase(stage, name, kind_of<K>(), doc, false, false) {}
  Input(Stage* stage, const char* name, const char* doc, Optional)
      : InputBase(stage, name, kind_of<K>(), doc, true, false) {}
  // Only when present().
  [[nodiscard]] const fs::path& path() const { return paths_.front(); }
  [[nodiscard]] Result<typename K::Reader> open() const { return K::Reader::open(path()); }
};

// Any number of artifacts, in the order of the workflow.
template <typename K>
class InputList final : public InputBase {
 public:
  InputList(Stage* stage, const char* name, const char* doc)
      : InputBase(stage, name, kind_of<K>(), doc, false, true) {}
  InputList(Stage* stage, const char* name, const char* doc, Optional)
      : InputBase(stage, name, kind_of<K>(), doc, true, true) {}
  [[nodiscard]] const std::vector<fs::path>& paths() const { return paths_; }
  [[nodiscard]] Result<typename K::Reader> open(std::size_t index) const {
    return K::Reader::open(paths_[index]);
  }
};

class OutputBase {
 public:
  OutputBase(const OutputBase&) = delete;
  OutputBase& operator=(const OutputBase&) = delete;
  [[nodiscard]] const PortDecl& decl() const { return decl_; }
  [[nodiscard]] const Kind& kind() const { return kind_; }
  // Where the stage writes the file or folder; nothing stands there when run() begins.
  [[nodiscard]] const fs::path& path() const { return path_; }

 protected:
  OutputBase(Stage* stage, const char* name, Kind kind, const char* doc);
  ~OutputBase() = default;
  void take_kind_from(const char* param) { decl_.kind_from_param = param; }

 private:
  friend class Stage;
  PortDecl decl_;
  Kind kind_;
  fs::path path_;
};

template <typename K>
class Output final : public OutputBase {
 public:
  Output(Stage* stage, const char* name, const char* doc)
      : OutputBase(stage, name, kind_of<K>(), doc) {}
  // K is what validation takes it for where the parameter names no kind.
  Output(Stage* stage, const char* name, const char* doc, KindFromParam kind)
      : OutputBase(stage, name, kind_of<K>(), doc) {
    take_kind_from(kind.param);
  }
  [[nodiscard]] Result<typename K::Writer> create() const { return K::Writer::create(path()); }
};

}  // namespace cairn
