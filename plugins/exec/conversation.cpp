#include "plugins/exec/conversation.h"

#include "core/base/clock.h"
#include "core/base/text.h"
#include "plugins/exec/saved_state.h"

namespace cairn::exec {
namespace {

constexpr std::size_t kMostAnswersUnread = 64 << 20;
constexpr std::size_t kReasonBytes = 4000;

}  // namespace

Result<void> Conversation::hold(const ProcessSpec& spec, const std::string& start) {
  ProcessHooks hooks;
  hooks.output = [this](bool, std::string_view bytes) {
    ctx_.output(bytes);
    tail_.add(bytes);
  };
  hooks.channel = [this](std::string_view bytes) {
    if (!broken_) lines_.add(bytes);
  };
  hooks.stop = [this] { return time_to_end(); };
  hooks.grace = grace_;
  CAIRN_ASSIGN(process_, RunningProcess::start(spec, std::move(hooks)));
  process_->send(start);
  most_unread_ = start.size() + kMostAnswersUnread;
  const auto talked = talk();
  broken_ = !talked.ok();
  while (process_->step()) {
  }
  return verdict(talked);
}

Result<void> Conversation::talk() {
  for (;;) {
    CAIRN_ASSIGN(const auto message, next());
    if (!message) return {};
    CAIRN_TRY(take(*message));
  }
}

Result<std::optional<ProgramMessage>> Conversation::next() {
  for (;;) {
    const auto line = lines_.next();
    if (!line.ok()) {
      at_hand(lines_.number(), lines_.rest());
      return bad(line.error().message);
    }
    if (*line) {
      at_hand(lines_.number(), **line);
      auto message = parse_message(line_);
      if (!message.ok()) return bad(message.error().message);
      return std::optional(*std::move(message));
    }
    if (ended_) return std::optional<ProgramMessage>();
    ended_ = !process_->step();
  }
}

Result<void> Conversation::take(const ProgramMessage& message) {
  if (const auto* progress = std::get_if<Progress>(&message)) {
    ctx_.progress(progress->done, progress->total, progress->unit);
  } else if (const auto* metric = std::get_if<Metric>(&message)) {
    if (metric->runtime)
      ctx_.runtime_metric(metric->name, metric->step, metric->value);
    else
      ctx_.metric(metric->name, metric->step, metric->value);
  } else if (const auto* log = std::get_if<LogMessage>(&message)) {
    ctx_.log(log->level, log->message);
  } else if (const auto* reason = std::get_if<Reason>(&message)) {
    reason_ = reason->message;
  } else if (const auto* checkpoint = std::get_if<SaveCheckpoint>(&message)) {
    return take(*checkpoint);
  } else if (const auto* memo = std::get_if<Memo>(&message)) {
    return take(*memo);
  }
  return {};
}

Result<void> Conversation::take(const SaveCheckpoint& checkpoint) {
  if (saved_ && checkpoint.step <= *saved_)
    return bad("checkpoint: 'step' should be greater than " + std::to_string(*saved_) +
               ", that of the last one");
  fs::path folder;
  if (checkpoint.folder) {
    auto found = folder_below(ctx_.temp_dir(), *checkpoint.folder);
    if (!found.ok()) return bad("checkpoint: " + found.error().message);
    folder = *std::move(found);
  }
  CAIRN_TRY(ctx_.save_checkpoint(checkpoint.step, [&](const fs::path& into) {
    return write_state(checkpoint.state, folder, into);
  }));
  saved_ = checkpoint.step;
  // A checkpoint that is the one to stop at: the program hears so before it can go on.
  (void)time_to_end();
  return tell(saved_line(checkpoint.step));
}

Result<void> Conversation::take(const Memo& memo) {
  if (question_)
    return bad("memo: the value of the key that was asked for last should be stored first");
  const auto answer = ctx_.memo(memo.key, [&]() -> Result<json::value> {
    if (memo.value) return *memo.value;
    CAIRN_TRY(tell(memo_line(memo.key, std::nullopt)));
    question_ = memo.key;
    return await_value(memo.key);
  });
  question_.reset();
  if (left_open_) return {};
  if (!answer.ok()) return answer.error();
  return tell(memo_line(memo.key, *answer));
}

Result<json::value> Conversation::await_value(const std::string& key) {
  for (;;) {
    CAIRN_ASSIGN(const auto message, next());
    if (!message) {
      left_open_ = true;
      return make_error(ErrorCode::kCancelled, "the program ended before it stored the value");
    }
    const auto* memo = std::get_if<Memo>(&*message);
    if (memo != nullptr && memo->key == key && memo->value) return *memo->value;
    CAIRN_TRY(take(*message));
  }
}

Result<void> Conversation::tell(const std::string& line) {
  process_->send(line);
  if (process_->unsent() <= most_unread_) return {};
  return bad("the program asks and does not read the answers; " + format_bytes(process_->unsent()) +
             " wait for it");
}

bool Conversation::time_to_end() {
  if (broken_) return true;
  if (!ctx_.cancelled()) return false;
  const Duration now = system_clock().monotonic();
  if (!cancelled_at_) {
    cancelled_at_ = now;
    process_->send(cancel_line());
  }
  return now - *cancelled_at_ >= grace_;
}

Result<void> Conversation::verdict(const Result<void>& talked) {
  if (cancelled_at_) {
    // What a program says while it is ended may be cut short, and what it saves may be refused.
    if (!talked.ok() && talked.error().code != ErrorCode::kCancelled)
      ctx_.warn(talked.error().message);
    return stage_cancelled();
  }
  if (!talked.ok()) return talked.error();
  const ProcessEnd& end = process_->end();
  if (!end.success()) return failed(end);
  if (lines_.rest().empty()) return {};
  at_hand(lines_.number() + 1, lines_.rest());
  return bad("expected a line end");
}

Error Conversation::failed(const ProcessEnd& end) const {
  std::string message = "the program " + command::describe(end);
  if (reason_)
    message += ": " + printable(std::string_view(ctx_.redacted(*reason_)).substr(0, kReasonBytes));
  const std::string lines = tail_.lines(ctx_);
  if (!lines.empty()) message += "; its last output:" + lines;
  return invalid_argument(message);
}

void Conversation::at_hand(std::int64_t number, std::string_view line) {
  number_ = number;
  line_ = line;
}

Error Conversation::bad(const std::string& what) const {
  return bad_line(number_, what, ctx_.redacted(line_));
}

}  // namespace cairn::exec
