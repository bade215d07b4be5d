// The part of Jinja that chat templates are made of, rendered as jinja2 renders it with the
// settings of transformers (trim_blocks, lstrip_blocks, sandboxed, nothing escaped):
//
// set (of a name, of an attribute of a namespace, of a block), for with `loop`, if and else, if,
// break, continue, macro, generation; the operators but for / and **; the filters, tests and
// methods of jinja_builtins.cpp; namespace, range, raise_exception. What lies outside is an error
// with line and column, of parse() where it can be seen there, else of render().
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/base/json.h"
#include "core/base/result.h"
#include "plugins/lib/model/jinja_ast.h"

namespace cairn::model::jinja {

// Thread-safe: rendering changes nothing.
class Template {
 public:
  // At most 1 MiB.
  [[nodiscard]] static Result<Template> parse(std::string_view source);
  // With these variables. No template runs or grows without end: the work is limited to 64 MiB of
  // bytes handled, 64 for each of the variables on top. There is no clock: strftime_now is
  // undefined, for which templates have a fixed date.
  [[nodiscard]] Result<std::string> render(const json::object& variables) const;

 private:
  Template(std::string source, std::shared_ptr<const Node> root)
      : source_(std::move(source)), root_(std::move(root)) {}
  std::string source_;
  std::shared_ptr<const Node> root_;
};

}  // namespace cairn::model::jinja
