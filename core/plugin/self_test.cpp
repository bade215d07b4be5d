#include "core/plugin/self_test.h"

namespace cairn {
namespace {

json::array strings(const std::vector<std::string>& list) {
  json::array array;
  for (const std::string& text : list) array.emplace_back(text);
  return array;
}

Result<std::vector<std::string>> get_strings(const json::object& object, std::string_view key) {
  CAIRN_ASSIGN(const json::array* array, get_array(object, key));
  std::vector<std::string> list;
  for (const json::value& value : *array) {
    if (!value.is_string()) return corrupt("'" + std::string(key) + "' holds more than texts");
    list.emplace_back(value.as_string());
  }
  return list;
}

}  // namespace

json::object to_json(const SelfTestOrder& order) {
  json::object inputs;
  for (const auto& [name, paths] : order.given_inputs) inputs[name] = strings(paths);
  json::object object{{"library", order.library.string()},
                      {"stage_type", order.stage_type},
                      {"task", order.task.string()},
                      {"inputs", order.inputs.string()},
                      {"report", order.report.string()},
                      {"attempt", order.attempt},
                      {"seed", order.seed},
                      {"given_inputs", std::move(inputs)},
                      {"die_at_checkpoint", order.die_at_checkpoint},
                      {"stop_after", order.stop_after},
                      {"confined", order.confined}};
  if (order.params) object["params"] = *order.params;
  return object;
}

Result<SelfTestOrder> self_test_order_from_json(const json::object& object) {
  SelfTestOrder order;
  CAIRN_ASSIGN(order.library, get_string(object, "library"));
  CAIRN_ASSIGN(order.stage_type, get_string(object, "stage_type"));
  CAIRN_ASSIGN(order.task, get_string(object, "task"));
  CAIRN_ASSIGN(order.inputs, get_string(object, "inputs"));
  CAIRN_ASSIGN(order.report, get_string(object, "report"));
  CAIRN_ASSIGN(const std::int64_t attempt, get_int(object, "attempt"));
  order.attempt = static_cast<int>(attempt);
  CAIRN_ASSIGN(order.seed, get_uint(object, "seed"));
  CAIRN_ASSIGN(const json::object* inputs, get_object(object, "given_inputs"));
  for (const auto& member : *inputs) {
    CAIRN_ASSIGN(order.given_inputs[std::string(member.key())], get_strings(*inputs, member.key()));
  }
  CAIRN_ASSIGN(const std::int64_t die, get_int(object, "die_at_checkpoint"));
  order.die_at_checkpoint = static_cast<int>(die);
  CAIRN_ASSIGN(order.stop_after, get_int(object, "stop_after"));
  CAIRN_ASSIGN(order.confined, get_bool(object, "confined"));
  if (object.contains("params")) {
    CAIRN_ASSIGN(const json::object* params, get_object(object, "params"));
    order.params = *params;
  }
  return order;
}

json::object to_json(const SelfTestReport& report) {
  json::object outputs;
  for (const auto& [name, digest] : report.outputs) outputs[name] = digest;
  return {{"failure_cause", report.failure_cause},
          {"failure", report.failure},
          {"outputs", std::move(outputs)},
          {"checkpoints", report.checkpoints},
          {"calls", report.calls},
          {"complaints", strings(report.complaints)},
          {"answered_ms", report.answered_ms},
          {"descriptors_left", report.descriptors_left},
          {"threads_left", report.threads_left},
          {"sanitized", report.sanitized},
          {"leaks", report.leaks},
          {"confined", report.confined}};
}

Result<SelfTestReport> self_test_report_from_json(const json::object& object) {
  SelfTestReport report;
  CAIRN_ASSIGN(report.failure_cause, get_string(object, "failure_cause"));
  CAIRN_ASSIGN(report.failure, get_string(object, "failure"));
  CAIRN_ASSIGN(const json::object* outputs, get_object(object, "outputs"));
  for (const auto& member : *outputs) {
    CAIRN_ASSIGN(report.outputs[std::string(member.key())], get_string(*outputs, member.key()));
  }
  CAIRN_ASSIGN(report.checkpoints, get_int(object, "checkpoints"));
  CAIRN_ASSIGN(report.calls, get_int(object, "calls"));
  CAIRN_ASSIGN(report.complaints, get_strings(object, "complaints"));
  CAIRN_ASSIGN(report.answered_ms, get_int(object, "answered_ms"));
  CAIRN_ASSIGN(report.descriptors_left, get_int(object, "descriptors_left"));
  CAIRN_ASSIGN(report.threads_left, get_int(object, "threads_left"));
  CAIRN_ASSIGN(report.sanitized, get_bool(object, "sanitized"));
  CAIRN_ASSIGN(report.leaks, get_bool(object, "leaks"));
  CAIRN_ASSIGN(report.confined, get_bool(object, "confined"));
  return report;
}

}  // namespace cairn
