// Result<T>: the value of a call that can fail, or the Error that says why it did.
//
// Fallible functions return Result; exceptions do not cross a library boundary. Both types are
// [[nodiscard]], so an error is handled, passed on with CAIRN_TRY, or the code does not compile.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace cairn {

enum class ErrorCode {
  kInvalidArgument,  // the caller's input is wrong
  kNotFound,
  kConflict,  // held by someone else, or already there
  kIo,        // the operating system refused: full disk, permissions, a broken device
  kCorrupt,   // bytes that do not match their checksum or format
  kUnavailable,
  kCancelled,
  kResourceExhausted,
  kInternal,  // a broken invariant: a defect of Cairn or of a plugin
};

[[nodiscard]] const char* to_string(ErrorCode code);

// A position in a file a user wrote. Lines and columns count from 1; columns are in code points.
struct Where {
  std::string file;
  int line = 0;
  int column = 0;
};

struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  // what is wrong, naming the thing: path, key, value
  std::string hint;     // the next step for the user; may be empty
  std::optional<Where> where;

  // "file:line:column: message (hint)" with what is there.
  [[nodiscard]] std::string to_string() const;
};

[[nodiscard]] Error make_error(ErrorCode code, std::string message, std::string hint = {});
[[nodiscard]] Error invalid_argument(std::string message, std::string hint = {});
[[nodiscard]] Error not_found(std::string message, std::string hint = {});
[[nodiscard]] Error conflict(std::string message, std::string hint = {});
[[nodiscard]] Error corrupt(std::string message, std::string hint = {});
[[nodiscard]] Error internal_error(std::string message);
// From errno: "cannot WHAT PATH: strerror". ENOSPC, EROFS and EACCES get a hint.
[[nodiscard]] Error io_error(const std::string& what, const std::string& path, int error_number);

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Only when ok(); otherwise the process aborts with the error.
  T& value() & { return (require(), std::get<0>(state_)); }
  const T& value() const& { return (require(), std::get<0>(state_)); }
  T&& value() && { return (require(), std::get<0>(std::move(state_))); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  [[nodiscard]] T value_or(T other) const& { return ok() ? std::get<0>(state_) : std::move(other); }

  // Only when !ok().
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  void require() const;
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

// Ends the process after printing the error: reached only by a defect.
[[noreturn]] void fail_unwrap(const Error& error);

template <typename T>
void Result<T>::require() const {
  if (!ok()) fail_unwrap(std::get<1>(state_));
}

// The same error with a prefix: what the caller was doing.
[[nodiscard]] Error with_context(Error error, const std::string& doing);

}  // namespace cairn

#define CAIRN_CONCAT_INNER(a, b) a##b
#define CAIRN_CONCAT(a, b) CAIRN_CONCAT_INNER(a, b)

// Returns the error of a Result<void> or Result<T> from the enclosing function, if there is one.
#define CAIRN_TRY(expression)                                 \
  do {                                                        \
    if (auto cairn_result = (expression); !cairn_result.ok()) \
      return std::move(cairn_result).error();                 \
  } while (false)

// CAIRN_ASSIGN(auto x, f()): x is f()'s value, or the enclosing function returns its error.
#define CAIRN_ASSIGN(declaration, ...) \
  CAIRN_ASSIGN_INNER(CAIRN_CONCAT(cairn_result_, __LINE__), declaration, __VA_ARGS__)
#define CAIRN_ASSIGN_INNER(name, declaration, ...) \
  auto name = (__VA_ARGS__);                       \
  if (!name.ok()) return std::move(name).error();  \
  declaration = std::move(name).value()
