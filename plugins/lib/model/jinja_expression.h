// Expressions of templates, in Jinja's order of precedence.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/lib/model/jinja_ast.h"
#include "plugins/lib/model/jinja_lexer.h"

namespace cairn::model::jinja {

class ExpressionParser {
 public:
  ExpressionParser(std::string_view source, std::vector<Token> tokens)
      : source_(source), tokens_(std::move(tokens)) {}

  [[nodiscard]] Result<NodePtr> parse_expression();
  // Without a condition behind it: what stands in {% if %} and {% for %}.
  [[nodiscard]] Result<NodePtr> parse_or();

 protected:
  // One level of brackets or blocks for as long as it lives.
  class Nesting {
   public:
    explicit Nesting(ExpressionParser& parser) : parser_(parser) { ++parser_.nesting_; }
    ~Nesting() { --parser_.nesting_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;
    [[nodiscard]] Result<void> check() const;

   private:
    ExpressionParser& parser_;
  };

  [[nodiscard]] std::string_view source() const { return source_; }
  [[nodiscard]] const Token& here() const { return tokens_[at_]; }
  // The token after this one; the last one where there is none.
  [[nodiscard]] const Token& next() const {
    return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_];
  }
  [[nodiscard]] bool at(Token::Kind kind) const { return here().kind == kind; }
  const Token& take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool take_sign(std::string_view sign);
  bool take_word(std::string_view word);
  // `where`: what is being read, for the message. Refuses the names that Jinja keeps.
  [[nodiscard]] Result<std::string> take_name(const std::string& where);

  [[nodiscard]] Error error(const std::string& message) const;
  // The token that is here has no place in what is being read.
  [[nodiscard]] Error unexpected(const std::string& where) const;

  [[nodiscard]] Result<NodePtr> make(Node::Kind kind, std::size_t at, std::string text,
                                     std::vector<NodePtr> parts,
                                     std::vector<std::string> names = {}) const;
  [[nodiscard]] static std::vector<NodePtr> one(NodePtr part);

 private:
  using Parse = Result<NodePtr> (ExpressionParser::*)();
  // Operands between any of these signs, from left to right.
  Result<NodePtr> parse_chain(Parse operand, std::vector<std::string_view> signs);
  Result<NodePtr> parse_and();
  Result<NodePtr> parse_not();
  Result<NodePtr> parse_comparison();
  Result<NodePtr> parse_sum();
  Result<NodePtr> parse_concatenation();
  Result<NodePtr> parse_product();
  Result<NodePtr> parse_signed();
  Result<NodePtr> parse_primary();
  Result<NodePtr> parse_items(std::size_t begin, std::string_view close);
  Result<NodePtr> parse_dict(std::size_t begin);
  // What stands behind a primary: attributes, indices and calls, then filters and tests.
  Result<NodePtr> parse_postfix(NodePtr node);
  Result<NodePtr> parse_subscript(NodePtr node, std::size_t begin);
  Result<NodePtr> parse_filters(NodePtr node);
  Result<NodePtr> parse_test(NodePtr node);
  // After "(": appends to `parts`, gives the names of those by keyword.
  Result<std::vector<std::string>> parse_arguments(std::vector<NodePtr>& parts);
  bool take_comparison(std::string& sign);

  std::string_view source_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int nesting_ = 0;
};

}  // namespace cairn::model::jinja
