// [sweep]: axes and seeds. What multiplies is counted before anything is built, so that a slip of
// the pen is an error message and not an hour of swapping.

#include <algorithm>
#include <cstdint>
#include <set>

#include "experiment/experiment.hpp"
#include "experiment/suggest.hpp"

namespace brink {
namespace {

/// What an axis may not be: these say what is run, not what a run is.
bool may_be_swept(const std::string& table) {
  return table == "machine" || table == "rules" || table == "policy" || table == "device" ||
         table == "memcg" || table == "mount" || table == "task" || table == "fault";
}

class SweepReader {
 public:
  SweepReader(const Value& root, const std::optional<std::uint64_t>& seeds)
      : root_(root), seeds_(seeds) {}

  Sweep read(const Table& table, const Where& where) {
    for (const std::string& key : keys_in_file_order(table)) {
      const Value& value = table.at(key);
      if (key == "seeds") {
        read_seeds(value);
      } else if (key != "only") {  // A filter over the axes, read when all of them are known.
        read_axis(parse_path(key, value.key_where()), value);
      }
    }
    if (seeds_) sweep_.seeds.count = *seeds_;
    check_overlaps();
    count_points(where);
    return std::move(sweep_);
  }

 private:
  void read_seeds(const Value& value) {
    constexpr std::int64_t most = std::int64_t{1} << 40;
    if (value.table() == nullptr) {
      Table wrapped;
      wrapped.emplace("seeds", value);
      Params params(std::move(wrapped), "sweep", value.where());
      sweep_.seeds.count =
          static_cast<std::uint64_t>(params.integer("seeds", 1, {1, most}, "runs of each point"));
      return;
    }
    Params params(*value.table(), "sweep.seeds", value.where());
    sweep_.seeds.first = static_cast<std::uint64_t>(
        params.integer("first", 1, {0, INT64_MAX / 2}, "the first seed"));
    sweep_.seeds.count =
        static_cast<std::uint64_t>(params.integer("count", 1, {1, most}, "runs of each point"));
    params.done();
  }

  void read_axis(Path path, const Value& value) {
    if (const Table* inner = value.table()) {  // An unquoted path: `policy.alloc.retries = […]`.
      for (const std::string& key : keys_in_file_order(*inner)) {
        Path deeper = path;
        deeper.push_back(key);
        read_axis(std::move(deeper), inner->at(key));
      }
      return;
    }
    const std::string name = path_text(path);
    if (value.list() == nullptr) {
      throw ConfigError(value.where(), "sweep: \"" + name + "\" must be a list of values, found " +
                                           a_kind(value) +
                                           "; a single value belongs in its own table");
    }
    if (!may_be_swept(path.front())) {
      throw ConfigError(value.key_where(),
                        "sweep: \"" + name +
                            "\" is no axis; an axis is a key of "
                            "machine, rules, policy, device, memcg, mount, task or fault");
    }
    value_at(root_, path, value.key_where());
    if (value.list()->empty()) {
      throw ConfigError(value.where(), "sweep: \"" + name + "\" is empty: there would be no runs");
    }
    check_repeats(name, *value.list());
    sweep_.axes.push_back({std::move(path), name, value.key_where(), *value.list()});
  }

  static void check_repeats(const std::string& name, const List& values) {
    std::set<std::string> seen;
    for (const Value& value : values) {
      if (seen.insert(value.text()).second) continue;
      throw ConfigError(value.where(), "sweep: \"" + name + "\" lists " + value.text() + " twice");
    }
  }

  void check_overlaps() const {
    for (const Axis& a : sweep_.axes) {
      const Path outer = resolved_path(root_, a.path, a.where);
      for (const Axis& b : sweep_.axes) {
        const Path inner = resolved_path(root_, b.path, b.where);
        if (&a == &b || outer.size() > inner.size()) continue;
        if (!std::equal(outer.begin(), outer.end(), inner.begin())) continue;
        throw ConfigError(b.where,
                          "sweep: \"" + b.name + "\" lies within the axis \"" + a.name + "\"");
      }
    }
  }

  void count_points(const Where& where) {
    for (const Axis& axis : sweep_.axes) {
      if (axis.values.size() > most_points / sweep_.points) {
        throw ConfigError(axis.where, "sweep: more than " + std::to_string(most_points) +
                                          " points with this axis (" + product() + ")");
      }
      sweep_.points *= axis.values.size();
    }
    if (sweep_.seeds.count > most_runs / sweep_.points) {
      throw ConfigError(where, "sweep: " + std::to_string(sweep_.points) + " points × " +
                                   std::to_string(sweep_.seeds.count) + " seeds are more than " +
                                   std::to_string(most_runs) + " runs");
    }
  }

  /// "1000 × 1000 × 1000"
  std::string product() const {
    std::string text;
    for (const Axis& axis : sweep_.axes) {
      text += (text.empty() ? "" : " × ") + std::to_string(axis.values.size());
    }
    return text;
  }

  const Value& root_;
  const std::optional<std::uint64_t>& seeds_;
  Sweep sweep_;
};

}  // namespace

Sweep read_sweep(const Value& root, const std::string& file,
                 const std::optional<std::uint64_t>& seeds) {
  const auto found = root.table()->find("sweep");
  if (found == root.table()->end()) return SweepReader(root, seeds).read({}, {file, 1, 1});
  const Table* table = found->second.table();
  if (table == nullptr) {
    throw ConfigError(found->second.where(),
                      std::string("sweep: expected a table, found ") + a_kind(found->second));
  }
  const auto seeds_value = table->find("seeds");
  return SweepReader(root, seeds)
      .read(*table,
            seeds_value == table->end() ? found->second.where() : seeds_value->second.where());
}

Axes axes_of_point(const Sweep& sweep, std::uint64_t index) {
  Axes axes(sweep.axes.size(), {"", Value(false)});
  for (std::size_t i = sweep.axes.size(); i-- > 0;) {
    const Axis& axis = sweep.axes[i];
    axes[i] = {axis.name, axis.values[index % axis.values.size()]};
    index /= axis.values.size();
  }
  return axes;
}

Value with_axes(const Value& root, const Axes& axes, const Where& where) {
  Value changed = root;
  for (const auto& [name, value] : axes) {
    changed = with_value(changed, parse_path(name, where), value, where);
  }
  return changed;
}

}  // namespace brink
