// From text to ids.
#include "core/base/text.h"
#include "plugins/lib/model/normal_form.h"
#include "plugins/lib/model/tokenizer_impl.h"

namespace cairn::model {
namespace {

// Calls `each` with the pieces that the steps from `step` on cut `text` into.
template <typename Each>
void for_each_piece(const std::vector<SplitStep>& steps, std::size_t step, std::string_view text,
                    const Each& each) {
  if (step == steps.size()) return each(text);
  if (const auto* scanner = std::get_if<PieceScanner>(&steps[step])) {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = scanner->end_of_piece(text, at);
      for_each_piece(steps, step + 1, text.substr(at, end - at), each);
      at = end;
    }
    return;
  }
  std::vector<std::string_view> pieces;
  std::get<SplitPattern>(steps[step]).split(text, pieces);
  for (const std::string_view piece : pieces) for_each_piece(steps, step + 1, piece, each);
}

bool is_trail(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

// One call of encode: text as it came, repaired (valid UTF-8), cut at added tokens, normalised.
class Encoder {
 public:
  Encoder(const TokenizerBuilder::Impl& tokenizer, bool with_spans)
      : tokenizer_(tokenizer), with_spans_(with_spans), work_(tokenizer.workspaces.take()) {}
  ~Encoder() { tokenizer_.workspaces.give_back(std::move(work_)); }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  Encoding run(std::string_view text) {
    std::string repaired;
    if (!is_valid_utf8(text)) {
      repaired = lossy_utf8(text, with_spans_ ? &repairs_ : nullptr);
      text = repaired;
    }
    if (!with_spans_) out_.ids.reserve(text.size() / 4 + 4);
    std::vector<AddedTokens::Segment> segments;
    tokenizer_.added.split(text, segments);
    for (const AddedTokens::Segment& segment : segments) {
      if (segment.id >= 0) {
        add_token(segment.id, repairs_.source_of(segment.span));
      } else {
        encode_segment(text.substr(segment.span.begin, segment.span.end - segment.span.begin),
                       segment.span.begin);
      }
    }
    return std::move(out_);
  }

 private:
  void add_token(std::int32_t id, ByteSpan span) {
    out_.ids.push_back(id);
    if (with_spans_) out_.spans.push_back(span);
  }

  // The bytes of the text as it came that a range of the normalised segment comes from.
  [[nodiscard]] ByteSpan source_of(ByteSpan range) const {
    range = normalized_.source_of(range);
    return repairs_.source_of({range.begin + base_, range.end + base_});
  }

  // Plain text that begins at `base` of the repaired text.
  void encode_segment(std::string_view text, std::size_t base) {
    base_ = base;
    normalized_ = Alignment();
    std::string changed;
    if (tokenizer_.nfc && !surely_nfc(text)) {
      changed = nfc(text, with_spans_ ? &normalized_ : nullptr);
      text = changed;
    }
    if (tokenizer_.added_normalized.empty()) return encode_plain(text, text);
    std::vector<AddedTokens::Segment> segments;
    tokenizer_.added_normalized.split(text, segments);
    for (const AddedTokens::Segment& segment : segments) {
      if (segment.id >= 0) {
        add_token(segment.id, source_of(segment.span));
      } else {
        encode_plain(text, text.substr(segment.span.begin, segment.span.end - segment.span.begin));
      }
    }
  }

  // `text` is a part of the normalised `whole`.
  void encode_plain(std::string_view whole, std::string_view text) {
    for_each_piece(tokenizer_.steps, 0, text, [&](std::string_view piece) {
      const std::size_t first = out_.ids.size();
      tokenizer_.bpe.encode(piece, *work_, out_.ids);
      if (with_spans_) add_spans(whole, piece, first);
    });
  }

  // Spans of the ids from `first` on, which a piece of `whole` became.
  void add_spans(std::string_view whole, std::string_view piece, std::size_t first) {
    const Bpe& bpe = tokenizer_.bpe;
    auto at = static_cast<std::size_t>(piece.data() - whole.data());
    const std::size_t end_of_piece = at + piece.size();
    const auto unknown = [&](std::size_t i) {
      return bpe.unknown[static_cast<unsigned char>(whole[i])];
    };
    for (std::size_t i = first; i < out_.ids.size(); ++i) {
      const std::size_t bytes = tokenizer_.bytes_of[static_cast<std::size_t>(out_.ids[i])].size();
      while (at < end_of_piece && bpe.byte_ids[static_cast<unsigned char>(whole[at])] < 0) ++at;
      std::size_t begin = at;
      if (unknown(at)) {
        do {
          ++at;
        } while (bpe.fuse_unknown && at < end_of_piece && unknown(at));
      } else {
        at = std::min(at + bytes, end_of_piece);
      }
      std::size_t end = at;
      while (begin > 0 && is_trail(whole[begin])) --begin;
      while (end < whole.size() && is_trail(whole[end])) ++end;
      out_.spans.push_back(source_of({begin, end}));
    }
  }

  const TokenizerBuilder::Impl& tokenizer_;
  bool with_spans_;
  std::unique_ptr<BpeWorkspace> work_;
  Alignment repairs_;     // of broken code points, over the whole text
  Alignment normalized_;  // of the segment that begins at base_
  std::size_t base_ = 0;
  Encoding out_;
};

}  // namespace

std::vector<TokenId> Tokenizer::encode(std::string_view text) const {
  return Encoder(*impl_, false).run(text).ids;
}

Encoding Tokenizer::encode_with_spans(std::string_view text) const {
  return Encoder(*impl_, true).run(text);
}

}  // namespace cairn::model
