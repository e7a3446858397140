// JSON by RapidJSON's Writer, key by key, so that the order is that of this file.

#include "report/json_report.hpp"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <cmath>
#include <cstdio>

#include "report/text.hpp"

namespace brink {
namespace {

class JsonReport {
 public:
  explicit JsonReport(const ExperimentResult& result) : result_(result) {}

  std::string text() {
    writer_.SetIndent(' ', 1);
    writer_.SetFormatOptions(rapidjson::kFormatSingleLineArray);
    object([this] {
      number("format", 1);
      string("experiment", result_.name);
      key("points");
      array(result_.points, [this](const PointResult& point) { object([&] { write(point); }); });
      key("expect");
      array(result_.expectations,
            [this](const Expectation& line) { object([&] { write(line); }); });
      key("determinism");
      object([this] {
        number("checked", result_.determinism_checked);
        number("differences", result_.determinism_differences);
        if (!result_.determinism_report.empty()) string("first", result_.determinism_report);
      });
      write_rest();
    });
    return std::string(buffer_.GetString(), buffer_.GetSize()) + "\n";
  }

 private:
  using Writer = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

  template <class Body>
  void object(Body body) {
    writer_.StartObject();
    body();
    writer_.EndObject();
  }

  template <class List, class Write>
  void array(const List& list, Write write) {
    writer_.StartArray();
    for (const auto& element : list) write(element);
    writer_.EndArray();
  }

  void key(const std::string& text) {
    writer_.Key(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  }
  void string(const std::string& text) {
    writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  }
  void string(const char* name, const std::string& text) {
    key(name);
    string(text);
  }
  void number(const std::string& name, std::uint64_t value) {
    key(name);
    writer_.Uint64(value);
  }
  void truth(const char* name, bool value) {
    key(name);
    writer_.Bool(value);
  }
  /// Six digits after the point: more would be noise.
  void real(double value) { writer_.Double(std::round(value * 1e6) / 1e6); }

  void value(const Value& value) {
    if (const bool* truth = value.get<bool>()) {
      writer_.Bool(*truth);
    } else if (const auto* integer = value.get<std::int64_t>()) {
      writer_.Int64(*integer);
    } else if (const double* number = value.get<double>(); number && std::isfinite(*number)) {
      writer_.Double(*number);
    } else {
      string(plain_value(value));
    }
  }

  void write(const PointResult& point) {
    key("axes");
    object([&] {
      for (const auto& [axis, axis_value] : point.axes) {
        key(axis);
        value(axis_value);
      }
    });
    number("runs", point.runs);
    key("verdicts");
    object([&] {
      for (std::size_t i = 0; i < verdict_count; ++i) {
        number(name(static_cast<Verdict>(i)), point.verdicts[i]);
      }
    });
    write_lockups(point);
    write_enomem(point);
    write_fates(point);
    number("oom_kills", point.oom_kills);
    char hash[17];
    std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(point.trace_hash));
    string("trace_hash", hash);
    key("first");
    object([&] {
      for (const auto& [verdict, run_id] : point.first) string(verdict.c_str(), run_id);
    });
    number("failures_warned", point.failures_warned);
    number("page_touches_median", median(point.page_touches));
    number("virtual_ms_median", median(point.virtual_ms));
    write_faults(point);
  }

  void write_lockups(const PointResult& point) {
    number("lockups", point.lockups);
    number("lockups_proved", point.lockups_proved);
    number("lockups_unattributed", point.lockups_unattributed);
    key("lockups_ci95");
    writer_.StartArray();
    real(point.lockup_rate.low);
    real(point.lockup_rate.high);
    writer_.EndArray();
    key("lockups_by_site");
    object([&] {
      for (const auto& [site, count] : point.lockups_by_site) number(site, count);
    });
  }

  void write_enomem(const PointResult& point) {
    number("enomem_syscalls", point.enomem_syscalls);
    key("enomem_by_cause");
    object([&] {
      for (std::size_t i = 0; i < cause_count; ++i) {
        number(name(static_cast<Cause>(i)), point.enomem[i]);
      }
    });
    number("enomem_refusable", point.enomem_refusable);
    key("errno");
    object([&] {
      for (const auto& [syscall, errors] : point.errnos) {
        key(syscall);
        object([&, &counts = errors] {
          for (const auto& [error, count] : counts) number(error, count);
        });
      }
    });
  }

  void write_fates(const PointResult& point) {
    key("fates");
    object([&] {
      for (const auto& [site, counts] : point.fates) {
        key(site);
        object([&, &by_fate = counts] {
          for (std::size_t i = 0; i < fate_count; ++i) {
            if (by_fate[i] > 0) number(name(static_cast<Fate>(i)), by_fate[i]);
          }
        });
      }
    });
    key("reactions");
    writer_.StartArray();
    for (const auto& [call, counts] : point.reactions) {
      for (std::size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] == 0) continue;
        object([&, &called = call] {
          string("syscall", called.first);
          string("errno", called.second);
          string("reaction", name(static_cast<Reaction>(i)));
          number("count", counts[i]);
        });
      }
    }
    writer_.EndArray();
  }

  void write_faults(const PointResult& point) {
    key("faults");
    array(point.faults, [this](const FaultCounters& fault) {
      object([&] {
        number("asked", fault.asked);
        number("filtered", fault.filtered);
        number("fired", fault.fired);
      });
    });
  }

  void write(const Expectation& line) {
    string("where", line.where);
    truth("ok", line.ok);
    string("found", line.found);
    string("says", line.says);
    if (line.vacuous) truth("vacuous", true);
  }

  /// What the contract does not name, after what it does.
  void write_rest() {
    string("question", result_.question);
    string("digest", result_.digest);
    string("kernel", result_.kernel);
    string("machine", result_.machine);
    number("runs", result_.runs);
    truth("partial", result_.partial);
    truth("faults_injected", result_.faults_injected);
    key("warnings");
    array(result_.warnings, [this](const std::string& warning) { string(warning); });
  }

  const ExperimentResult& result_;
  rapidjson::StringBuffer buffer_;
  Writer writer_{buffer_};
};

}  // namespace

std::string json_report(const ExperimentResult& result) { return JsonReport(result).text(); }

}  // namespace brink
