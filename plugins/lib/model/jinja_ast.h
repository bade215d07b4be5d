// A parsed template: a tree of statements and expressions.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "plugins/lib/model/jinja_value.h"

namespace cairn::model::jinja {

struct Node;
using NodePtr = std::unique_ptr<const Node>;

struct Node {
  enum class Kind {
    // Expressions. `parts` are the operands in the order of writing.
    kConstant,     // value
    kName,         // text
    kList,         // [a, b] and (a, b)
    kDict,         // key, value, key, value, …
    kAttribute,    // parts[0].text
    kIndex,        // parts[0][parts[1]]
    kSlice,        // parts[0][parts[1] : parts[2] : parts[3]], those left out are null
    kCall,         // text(arguments)
    kMethod,       // parts[0].text(arguments)
    kFilter,       // parts[0] | text(arguments)
    kTest,         // parts[0] is text(arguments)
    kNot,          //
    kNegate,       //
    kAnd,          //
    kOr,           //
    kBinary,       // parts[0] text parts[1]; text: + - * // % ~
    kCompare,      // parts[0] names[0] parts[1] names[1] parts[2] …
    kConditional,  // parts[1] where parts[0], else parts[2] (null: undefined)
    // Statements.
    kText,        // text
    kOutput,      // parts[0]
    kSet,         // text = parts[0]; with names: text.names[0] = parts[0]
    kSetBlock,    // text = what parts[0] writes
    kIf,          // condition, block, condition, block, …, block of else
    kFor,         // names (one or two) in parts[0], if parts[1], do parts[2], else parts[3]
    kMacro,       // text(names), parts: defaults of the last names, then the block
    kBreak,       //
    kContinue,    //
    kBlock,       // parts, one after the other
    kGeneration,  // parts[0]: what an assistant says, for masks that Cairn takes elsewhere
  };
  Kind kind = Kind::kBlock;
  std::size_t at = 0;  // byte of the template
  std::string text;
  std::vector<NodePtr> parts;
  // Of calls: names of the last arguments, those given by keyword.
  std::vector<std::string> names;
  Value value;
  int height = 1;  // of this tree
};

inline constexpr int kMaxHeight = 200;

}  // namespace cairn::model::jinja
