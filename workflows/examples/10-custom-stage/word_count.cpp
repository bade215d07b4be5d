// word_count: how often each word stands in a text, in thirty lines.
#include <cairn/plugin.h>

#include <map>
#include <sstream>

struct WordCount : cairn::Stage {
  cairn::Param<std::int64_t> least{this, "least", 1, "Times a word must occur", cairn::AtLeast{1}};
  cairn::Input<cairn::kind::File> text{this, "text", "The text"};
  cairn::Output<cairn::kind::Table> counts{this, "counts", "Rows {word, count}, by word"};
  cairn::Metric words{this, "words", "words", "Different words"};

  cairn::Result<void> run(cairn::StageContext& ctx) override {
    CAIRN_ASSIGN(auto reader, text.open());
    CAIRN_ASSIGN(const std::string all, reader.read(1 << 20));
    std::istringstream stream(all);
    std::map<std::string, std::int64_t> found;
    for (std::string word; stream >> word;) ++found[word];
    CAIRN_ASSIGN(auto writer, counts.create());
    for (const auto& [word, count] : found)
      if (count >= *least) CAIRN_TRY(writer.write({{{"word", word}, {"count", count}}}));
    words.record(ctx, 0, static_cast<double>(found.size()));
    return writer.close();
  }
};

CAIRN_PLUGIN(cairn::stage_type<WordCount>("word_count", "Counts the words of a text"))
