#include "plugins/lib/text/records.h"

#include "core/sdk/kinds/record_file.h"

namespace cairn::text {
namespace {

template <typename Record>
Result<std::vector<Record>> read_all(const fs::path& file) {
  CAIRN_ASSIGN(auto reader, RecordReader<Record>::open(file));
  std::vector<Record> records;
  for (;;) {
    CAIRN_ASSIGN(auto record, reader.next());
    if (!record) return records;
    records.push_back(*std::move(record));
  }
}

template <typename Record>
Result<void> write_all(const fs::path& file, const std::vector<Record>& records) {
  CAIRN_ASSIGN(auto writer, RecordWriter<Record>::create(file));
  for (const Record& record : records) CAIRN_TRY(writer.write(record));
  return writer.close();
}

}  // namespace

Result<void> read_json_lines(const fs::path& file,
                             const std::function<Result<void>(const json::object&)>& each) {
  CAIRN_ASSIGN(auto reader, ObjectReader::open(file));
  for (;;) {
    CAIRN_ASSIGN(const auto object, reader.next());
    if (!object) return {};
    if (auto done = each(*object); !done.ok()) return reader.here(std::move(done).error());
  }
}

Result<std::vector<Document>> read_documents(const fs::path& file) {
  return read_all<Document>(file);
}

Result<std::vector<QaRecord>> read_qa(const fs::path& file) {
  return read_all<QaRecord>(file);
}

Result<void> write_documents(const fs::path& file, const std::vector<Document>& documents) {
  return write_all(file, documents);
}

Result<void> write_qa(const fs::path& file, const std::vector<QaRecord>& records) {
  return write_all(file, records);
}

std::string render_documents(const QaRecord& record) {
  std::string text;
  for (const auto& document : record.documents) {
    if (!document.title.empty()) text += "[" + document.title + "]\n";
    text += document.text;
    if (!text.ends_with('\n')) text += '\n';
  }
  return text;
}

std::string render_question(const QaRecord& record) {
  std::string text = "Q: " + record.question;
  for (std::size_t i = 0; i < record.choices.size(); ++i)
    text += std::string("\n(") + static_cast<char>('A' + i) + ") " + record.choices[i];
  return text;
}

std::string render_prompt(const QaRecord& record) {
  std::string text = render_documents(record) + render_question(record);
  if (!record.format_instruction.empty()) text += "\n" + record.format_instruction;
  return text;
}

std::string answer_sentence(std::string_view answer) {
  return "The answer is " + std::string(answer);
}

}  // namespace cairn::text
