#include "core/server/reading/line_walk.h"

#include <algorithm>
#include <random>

#include "core/server/reading/line_index.h"
#include "core/server/reading/log_line.h"
#include "core/server/reading/open_file.h"
#include "core/server/reading/text_head.h"
#include "tests/unit/reading/attempt_fixture.h"

namespace cairn {
namespace {

struct Line {
  std::uint64_t offset = 0;
  std::uint64_t end = 0;
  std::string text;
  bool whole = true;
  bool operator==(const Line&) const = default;
};

// What the bytes say, letter by letter.
std::vector<Line> lines_of(const std::string& bytes) {
  std::vector<Line> lines;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t end = bytes.find('\n', at);
    Line line{at, end == std::string::npos ? bytes.size() : end + 1, bytes.substr(at, end - at),
              end != std::string::npos};
    if (line.whole && line.text.ends_with('\r')) line.text.pop_back();
    at = line.end;
    lines.push_back(std::move(line));
  }
  return lines;
}

class LineWalk : public AttemptFixture {
 protected:
  OpenFile write(const std::string& bytes) {
    put(folder_ / "file", bytes);
    return std::move(open_beneath(folder_, "file")).value();
  }
  static Line seen(const RawLine& line, const std::string& bytes) {
    EXPECT_EQ(line.head, std::string_view(bytes).substr(
                             line.offset, std::min<std::uint64_t>(line.bytes, line.head.size())));
    EXPECT_GE(line.head.size(), std::min<std::uint64_t>(line.bytes, kLineHead));
    EXPECT_TRUE(line.ahead.starts_with(line.head.substr(0, 10)));
    return {line.offset, line.end, bytes.substr(line.offset, line.bytes), line.whole};
  }
};

TEST_F(LineWalk, BothWaysSeeTheSameLinesOfAnyBytes) {
  std::mt19937 random(3);
  for (int round = 0; round < 40; ++round) {
    std::string bytes;
    const int lines = static_cast<int>(random() % 50);
    for (int i = 0; i < lines; ++i) {
      const auto kind = random() % 12;
      const std::size_t length = kind == 0   ? 200'000 + random() % 700'000
                                 : kind == 1 ? kLineHead - 1 + random() % 3
                                 : kind == 2 ? (std::size_t{256} << 10) - 2 + random() % 4
                                             : random() % 40;
      bytes += std::string(length, static_cast<char>('a' + random() % 20));
      if (random() % 3 == 0) bytes += '\r';
      bytes += '\n';
    }
    if (random() % 2 == 0) bytes += "torn";
    const auto wanted = lines_of(bytes);
    const OpenFile file = write(bytes);
    std::vector<Line> forward;
    LinesForward ahead(file.fd.get(), 0, file.size);
    for (auto line = ahead.next(); line.ok() && *line; line = ahead.next())
      forward.push_back(seen(**line, bytes));
    EXPECT_TRUE(forward == wanted) << round;
    std::vector<Line> backward;
    LinesBackward back(file.fd.get(), file.size);
    for (auto line = back.next(); line.ok() && *line; line = back.next())
      backward.push_back(seen(**line, bytes));
    std::ranges::reverse(backward);
    EXPECT_TRUE(backward == wanted) << round;
    for (const Line& line : wanted) {
      EXPECT_EQ(line_begin(file.fd.get(), line.offset).value_or(1), line.offset);
      EXPECT_EQ(line_begin(file.fd.get(), (line.offset + line.end - 1) / 2).value_or(1),
                line.offset);
    }
  }
}

TEST_F(LineWalk, AnIndexKnowsEveryLineAlsoWithFewMarks) {
  std::mt19937 random(5);
  const SteppingClock clock;
  const WorkBudget budget(clock, Duration(1));
  for (int round = 0; round < 30; ++round) {
    std::string bytes;
    for (int i = 0; i < 2000; ++i)
      bytes += std::string(random() % 100 == 0 ? random() % 9000 : random() % 30, 'x') + "\n";
    bytes += "torn";
    const auto lines = lines_of(bytes);
    LineIndex index(1 + random() % 7, 64 + random() % 5000, 16 + random() % 100);
    const OpenFile part = write(bytes.substr(0, random() % bytes.size()));
    ASSERT_TRUE(index.count(part.fd.get(), part.size, budget).ok());
    const OpenFile file = write(bytes);
    ASSERT_TRUE(index.count(file.fd.get(), file.size, budget).ok());
    EXPECT_EQ(index.counted().lines, lines.size() - 1);
    EXPECT_LE(index.memory(), sizeof(LineIndex) + 256 * sizeof(LineIndex::Mark));
    for (std::size_t i = 0; i < lines.size(); i += 1 + random() % 50) {
      EXPECT_EQ(index.offset_of(file.fd.get(), i).value(), lines[i].offset);
      EXPECT_EQ(index.lines_before(file.fd.get(), lines[i].offset).value(), i);
      const auto mark = index.before_line(i);
      EXPECT_LE(mark.line, i);
      EXPECT_EQ(mark.offset, lines[mark.line].offset);
    }
    EXPECT_EQ(index.offset_of(file.fd.get(), lines.size()).value(), std::nullopt);
  }
}

TEST(Readable, ShowsOtherBytesAndCutsBetweenCharacters) {
  EXPECT_EQ(readable("a\xffz"), "a\\xffz");
  EXPECT_EQ(readable("\xc3"), "\\xc3");
  EXPECT_EQ(readable("\xed\xa0\x80"), "\\xed\\xa0\\x80");
  EXPECT_EQ(readable("gr\xc3\xb6\xf0\x9f\x98\x80"), "gr\xc3\xb6\xf0\x9f\x98\x80");
  const std::string text = "a\xc3\xb6\xf0\x9f\x98\x80";
  for (const auto& [most, length] :
       {std::pair<std::size_t, std::size_t>{0, 0}, {1, 1}, {2, 1}, {3, 3}, {6, 3}, {7, 7}, {9, 7}})
    EXPECT_EQ(text_head(text, most).size(), length) << most;
}

}  // namespace
}  // namespace cairn
