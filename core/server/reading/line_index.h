// LineIndex: which line lies where in a file that grows, one place in 1,024 lines or 1 MiB, counted
// a piece at a time.
//
// A file that became shorter, or whose last counted bytes changed, is another one (BoundedLog cuts
// the middle out of a log in place): it is counted from its beginning again.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/server/reading/indexes.h"
#include "core/server/reading/work_budget.h"

namespace cairn {

// Thread-safe: one counts, the others go on with what is known.
class LineIndex final : public FileIndex {
 public:
  static constexpr const char* kKind = "lines ";

  // A place at the beginning of a line.
  struct Mark {
    std::uint64_t line = 0;  // how many lines lie before it
    std::uint64_t offset = 0;
  };
  struct Counted {
    std::uint64_t bytes = 0;      // up to here
    std::uint64_t lines = 0;      // that have an end
    std::uint64_t times_new = 0;  // how often it began again
  };

  // Every `lines` lines a mark, and one after so many bytes; at most `most_marks`: beyond that
  // every second one goes.
  explicit LineIndex(std::uint64_t lines = 1024, std::uint64_t bytes = std::uint64_t{1} << 20,
                     std::size_t most_marks = std::size_t{1} << 17)
      : first_lines_(lines), first_bytes_(bytes), most_marks_(most_marks) {}

  // Counts on towards `size` until it is there, `enough_lines` are counted or the budget is spent,
  // at least one block. Returns at once while another thread counts.
  [[nodiscard]] Result<void> count(int fd, std::uint64_t size, const WorkBudget& budget,
                                   std::uint64_t enough_lines = ~std::uint64_t{0});
  [[nodiscard]] Counted counted() const;

  // The last mark that has at most so many lines before it.
  [[nodiscard]] Mark before_line(std::uint64_t lines) const;
  // How many lines begin before the offset, at which one begins. Nothing where it is not counted.
  [[nodiscard]] Result<std::optional<std::uint64_t>> lines_before(int fd,
                                                                  std::uint64_t offset) const;
  // Where the line begins that has so many before it. Nothing where it is not counted.
  [[nodiscard]] Result<std::optional<std::uint64_t>> offset_of(int fd, std::uint64_t lines) const;

  [[nodiscard]] std::size_t memory() const override;

 private:
  [[nodiscard]] Result<bool> same_file(int fd, std::uint64_t size) const;
  void take(const char* block, std::size_t size);
  void add_mark(const Mark& mark);

  const std::uint64_t first_lines_;
  const std::uint64_t first_bytes_;
  const std::size_t most_marks_;
  std::mutex counting_;            // held by who counts
  mutable std::mutex mutex_;       // of all below
  std::vector<Mark> marks_;        // ascending; without the one at the beginning
  std::uint64_t lines_apart_ = 0;  // marks now; 0: before the first count
  std::uint64_t bytes_apart_ = 0;
  Counted counted_;
  std::string guard_;  // the bytes before counted_.bytes
};

}  // namespace cairn
