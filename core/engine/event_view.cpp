#include "core/base/hex.h"
#include "core/engine/view.h"

namespace cairn {
namespace {

// The message's fields as JSON, those that are unset left out; names as in the schema.
json::object fields_view(const google::protobuf::Message& message);

json::value field_view(const google::protobuf::Message& message,
                       const google::protobuf::FieldDescriptor& field, int index) {
  using google::protobuf::FieldDescriptor;
  const auto& reflection = *message.GetReflection();
  const bool repeated = index >= 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.GetInt32(message, &field);
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.GetInt64(message, &field);
    case FieldDescriptor::CPPTYPE_UINT32:
      return repeated ? reflection.GetRepeatedUInt32(message, &field, index)
                      : reflection.GetUInt32(message, &field);
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection.GetUInt64(message, &field);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection.GetDouble(message, &field);
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field);
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection.GetEnum(message, &field)->name().c_str();
    case FieldDescriptor::CPPTYPE_STRING:
      if (field.type() == FieldDescriptor::TYPE_BYTES) {
        return json::value(hex_of(reflection.GetString(message, &field)));
      }
      return json::value(repeated ? reflection.GetRepeatedString(message, &field, index)
                                  : reflection.GetString(message, &field));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return fields_view(repeated ? reflection.GetRepeatedMessage(message, &field, index)
                                  : reflection.GetMessage(message, &field));
    default:
      return nullptr;
  }
}

json::object fields_view(const google::protobuf::Message& message) {
  json::object object;
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const auto* field : fields) {
    // The workflow is part of the run's own document, and too long for a line.
    if (field->name().ends_with("_json") || field->is_map()) continue;
    json::value& value = object[field->name()];
    if (!field->is_repeated()) {
      value = field_view(message, *field, -1);
      continue;
    }
    json::array items;
    const int size = message.GetReflection()->FieldSize(message, field);
    for (int i = 0; i < size; ++i) items.push_back(field_view(message, *field, i));
    value = std::move(items);
  }
  return object;
}

// The fields an event names stages and tasks by, as names.
void name_places(const RunState& state, json::object& fields, json::object& object) {
  const auto number = [&](const char* key) -> std::optional<std::uint32_t> {
    const json::value* value = fields.if_contains(key);
    if (value == nullptr) return std::nullopt;
    return value->to_number<std::uint32_t>();
  };
  if (const auto stage = number("stage"); stage && *stage < state.stages.size()) {
    object["stage"] = state.spec->stages[*stage].name;
  }
  if (const auto task = number("task"); task && *task < state.tasks.size()) {
    const TaskState& found = state.tasks[*task];
    object["stage"] = state.spec->stages[found.stage].name;
    if (state.stages[found.stage].cells) object["task"] = task_name(state, *task);
  }
  fields.erase("stage");
  fields.erase("task");
  fields.erase("run");
}

}  // namespace

json::object event_view(const RunState& state, std::uint64_t sequence, const Event& event) {
  json::object object{{"sequence", sequence},
                      {"time", format_rfc3339(WallTime(Duration(event.time_ms())))},
                      {"run", state.id}};
  const auto* field = Event::descriptor()->FindFieldByNumber(event.what_case());
  if (field == nullptr) return object;
  object["type"] = field->name();
  json::object fields = fields_view(event.GetReflection()->GetMessage(event, field));
  // Number 0 is not in the fields, for it is their default.
  if (field->message_type()->FindFieldByName("task") != nullptr) fields.emplace("task", 0);
  if (field->message_type()->FindFieldByName("stage") != nullptr) fields.emplace("stage", 0);
  name_places(state, fields, object);
  for (auto& [name, value] : fields) object[name] = value;
  return object;
}

}  // namespace cairn
