// Rollouts for people to look at: by step, task and reward, a group side by side, token by token,
// turn by turn, and searched. Of a finished `rollouts` artifact, or of a training that runs.
//
// Every call costs what it shows: rows of fixed size are scanned for a page (a million in well
// under 100 ms), bodies are read by their offsets. Memory is bounded by a page, never by the
// artifact; the exception is an artifact without columns, made by an older build, whose rows are
// kept in memory (96 bytes each). Answers are JSON objects for an API to pass on; text in them is
// valid UTF-8. Numbers that are not finite are null.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/result.h"

namespace cairn::reading {

// What there was at one moment; does not change. Thread-safe. See rollout_view.h.
class RolloutView;
using Rollouts = std::shared_ptr<const RolloutView>;

// Where rollouts come from. Thread-safe; keep it while it is looked at, for opening one reads all
// rows once (0.3 s for a million).
class RolloutSource {
 public:
  // The folder of a `rollouts` artifact. Columns that are damaged are passed over with a note, and
  // the bodies are indexed instead. Errors: no such folder, bodies that are no rollouts.
  [[nodiscard]] static Result<std::shared_ptr<RolloutSource>> open_artifact(const fs::path& folder);
  // The work folder of a task of a training stage, running or not; it may still be empty. A last
  // row or line that is cut short is not there yet; what an attempt wrote after the checkpoint that
  // the next one went on from does not count.
  [[nodiscard]] static Result<std::shared_ptr<RolloutSource>> open_task(const fs::path& work);
  virtual ~RolloutSource() = default;
  // What there is now. Costs what was added since the last call.
  [[nodiscard]] virtual Result<Rollouts> view() = 0;
};

enum class AdvantageSign { kNegative, kZero, kPositive };

// What is not given does not matter. Ranges are inclusive.
struct RolloutFilter {
  std::optional<std::int64_t> step_min{};
  std::optional<std::int64_t> step_max{};
  std::optional<std::string> task{};
  std::optional<std::string> sample{};  // id
  std::optional<double> reward_min{};
  std::optional<double> reward_max{};
  std::optional<AdvantageSign> advantage{};
  std::optional<bool> truncated{};
  std::optional<bool> dropped{};
  std::optional<bool> with_tokens{};
  std::optional<bool> answered{};  // where it is not known, neither way
};

// kMade: the order in which they were made. kError: those without an answer are the largest, of
// them those that were cut at their limit; then those that were cut.
enum class RolloutSort { kStep, kReward, kAdvantage, kTokens, kEntropy, kMade, kError };

inline constexpr std::size_t kMostRollouts = 1000;  // on a page

struct RolloutPage {
  RolloutFilter filter{};
  RolloutSort sort = RolloutSort::kStep;
  bool descending = false;
  std::string cursor{};  // next_cursor of the page before; of another query: kInvalidArgument
  std::size_t limit = 100;
};

// {"rollouts":[ROW],"next_cursor":text|null,"notes":[text]}. ROW: {"row","step","sample","task",
// "index","reward","advantage","entropy","tokens","prompt_tokens","turns","truncated","dropped",
// "with_tokens","answered":bool|null,"answer":text|null,"preview":text|null}; preview is the head
// of the response, row a number that names the rollout in this artifact or task, answered null
// where an older build did not note it. Equal keys are in the order of rows.
[[nodiscard]] Result<json::object> rollout_page(const Rollouts& rollouts, const RolloutPage& page);

// {"steps":[{"step","last_step","count","reward_mean","reward_min","reward_max","tokens_mean",
// "entropy_mean","truncated","dropped"}],"rollouts":N,"notes":[text]}. Neighbouring steps are
// joined so that there are at most `most` entries.
[[nodiscard]] Result<json::object> rollout_steps(const Rollouts& rollouts, std::size_t most = 2000);

// {"sample":SAMPLE,"steps":[{"step","count","reward_mean","reward_min","reward_max","tokens_mean",
// "rows":[N]}],"next_step":N|null}: one sample across steps, from a step on; of one step at most
// kMostRollouts rows. SAMPLE: {"id","task",
// "record","prompt_tokens"}, the last two null in artifacts of older builds; record is its position
// in the `qa` dataset the stage was given.
[[nodiscard]] Result<json::object> rollout_sample(const Rollouts& rollouts,
                                                  const std::string& sample,
                                                  std::int64_t from_step = 0,
                                                  std::size_t limit = kMostRollouts);

// {"step","sample":SAMPLE,"rollouts":[BODY],"more":bool}: the rollouts of a step and sample, by
// index, at most kMostOfGroup. BODY is a ROW without preview, with the other members of its line
// ("response", "turns", "finish" and whatever a training wrote); of texts longer than most_text
// bytes the head, with "cut":{MEMBER:bytes} beside it.
inline constexpr std::size_t kMostOfGroup = 256;
[[nodiscard]] Result<json::object> rollout_group(const Rollouts& rollouts, std::int64_t step,
                                                 const std::string& sample,
                                                 std::size_t most_text = 64 << 10);

// The record that a rollout's sample is, from the `qa` file that its stage was given: texts longer
// than most_text are cut as above. record: SAMPLE's, where it is known; else all is looked through.
// Errors: kNotFound for an id that is not there, kConflict where another id stands at `record`.
[[nodiscard]] Result<json::object> dataset_record(const fs::path& qa, const std::string& id,
                                                  std::optional<std::uint64_t> record,
                                                  std::size_t most_text = 64 << 10);

struct RolloutBody {
  std::uint64_t row = 0;
  std::size_t text_from = 0;  // byte of the response; moved to the beginning of a code point
  std::size_t most_text = 1 << 20;
  std::size_t token_from = 0;
  std::size_t token_limit = 4096;  // at most kMostTokens
  // Instead of token_from: from the token that holds this byte of the response; near it where the
  // tokens hold bytes that are no UTF-8.
  std::optional<std::size_t> token_at_byte{};
};
inline constexpr std::size_t kMostTokens = 100'000;

// {"rollout":BODY,"sample":SAMPLE,"response_from","response_bytes","tokens":TOKENS|null}. TOKENS:
// {"from","total","turns":[tokens of each],"response_token": first token of the answering turn,
// "ids":[N],"pieces":[text |
// {"hex":bytes}],"logprob":[N|null],"entropy":[N|null],"reference":[N|null] or
// null,"counts":[bool],"special":[bool]}: a piece that is no UTF-8 by itself is given as bytes.
[[nodiscard]] Result<json::object> rollout_body(const Rollouts& rollouts, const RolloutBody& body);

struct RolloutSearch {
  std::string text;  // 1 to 1000 bytes; upper and lower case differ
  RolloutFilter filter{};
  std::string cursor{};
  std::size_t limit = 100;
  Duration budget = std::chrono::milliseconds(200);
};

// {"hits":[{ROW…,"where":"response"|"memory"|"plan","turn":N|null,"offset":bytes,"excerpt":text,
// "excerpt_at":bytes}],"next_cursor":text|null,"searched":rows up to here,"total":rows}: one hit
// for each rollout, its first. Ends early when the budget is spent: then hits may be few, and
// next_cursor goes on.
[[nodiscard]] Result<json::object> rollout_search(const Rollouts& rollouts,
                                                  const RolloutSearch& search, const Clock& clock);

}  // namespace cairn::reading
