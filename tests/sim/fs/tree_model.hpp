// What a directory tree is, without a kernel: paths and sizes. A process plays random system calls
// on names that only it uses and compares each result.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/fs/rig.hpp"

namespace brink::test {

struct TreeModel {
  struct Node {
    bool directory = false;
    std::uint64_t size = 0;
  };
  std::map<std::string, Node> nodes;

  static std::string parent(const std::string& path) { return path.substr(0, path.rfind('/')); }
  const Node* find(const std::string& path) const {
    const auto at = nodes.find(path);
    return at == nodes.end() ? nullptr : &at->second;
  }
  /// 0, or the error of a walk to the directory that the path is in.
  int walk(const std::string& path) const {
    const std::string above = parent(path);
    if (above.empty()) return 0;
    if (const int error = walk(above)) return error;
    const Node* const node = find(above);
    if (node == nullptr) return -ENOENT;
    return node->directory ? 0 : -ENOTDIR;
  }
  bool empty(const std::string& path) const {
    const auto next = nodes.lower_bound(path + "/");
    return next == nodes.end() || next->first.compare(0, path.size() + 1, path + "/") != 0;
  }
  bool inside(const std::string& path, const std::string& of) const {
    return path.compare(0, of.size() + 1, of + "/") == 0;
  }

  int mkdir(const std::string& path) const {
    if (const int error = walk(path)) return error;
    return find(path) != nullptr ? -EEXIST : 0;
  }
  int rmdir(const std::string& path) const {
    if (const int error = walk(path)) return error;
    const Node* const node = find(path);
    if (node == nullptr) return -ENOENT;
    if (!node->directory) return -ENOTDIR;
    return empty(path) ? 0 : -ENOTEMPTY;
  }
  int unlink(const std::string& path) const {
    if (const int error = walk(path)) return error;
    const Node* const node = find(path);
    if (node == nullptr) return -ENOENT;
    return node->directory ? -EISDIR : 0;
  }
  int stat(const std::string& path) const {
    if (const int error = walk(path)) return error;
    return find(path) == nullptr ? -ENOENT : 0;
  }
  /// For writing, made if it is not there.
  int open(const std::string& path, bool exclusive) const {
    if (const int error = walk(path)) return error;
    const Node* const node = find(path);
    if (node == nullptr) return 0;
    if (exclusive) return -EEXIST;
    return node->directory ? -EISDIR : 0;
  }
  int rename(const std::string& from, const std::string& to) const {
    if (const int error = walk(from)) return error;
    if (const int error = walk(to)) return error;
    const Node* const source = find(from);
    if (source == nullptr) return -ENOENT;
    if (inside(to, from)) return -EINVAL;
    const Node* const target = find(to);
    if (inside(from, to)) return -ENOTEMPTY;
    if (target == nullptr || from == to) return 0;
    if (source->directory && !target->directory) return -ENOTDIR;
    if (!source->directory && target->directory) return -EISDIR;
    return source->directory && !empty(to) ? -ENOTEMPTY : 0;
  }
  void move(const std::string& from, const std::string& to) {
    if (from == to) return;
    nodes.erase(to);
    std::map<std::string, Node> moved;
    for (auto at = nodes.begin(); at != nodes.end();) {
      if (at->first != from && !inside(at->first, from)) {
        ++at;
        continue;
      }
      moved[to + at->first.substr(from.size())] = at->second;
      at = nodes.erase(at);
    }
    nodes.merge(moved);
  }
};

/// Plays `steps` calls on names that begin with `own`, in directories that others use too.
class TreePlayer {
 public:
  TreePlayer(Syscalls& sys, std::string own, std::uint64_t seed, std::shared_ptr<Aim> aim)
      : sys_(sys),
        own_(std::move(own)),
        luck_(seed, stream_id("test.tree", own_.front())),
        aim_(std::move(aim)) {
    for (const char* shared : {"/s0", "/s1"}) model_.nodes[shared] = {true, 0};
  }

  void play(int steps) {
    for (int i = 0; i < steps && !read_only_; ++i) step();
  }
  /// That the tree is what it should be; with nothing failing.
  void compare() {
    for (const std::string& path : paths()) {
      if (read_only_) return;
      Stat stat;
      const int error = sys_.stat(path, &stat);
      EXPECT_EQ(error, model_.stat(path)) << path;
      const TreeModel::Node* const node = model_.find(path);
      if (error != 0 || node == nullptr) continue;
      EXPECT_EQ(stat.directory, node->directory) << path;
      if (!stat.directory) {
        EXPECT_EQ(stat.size, node->size) << path;
      }
    }
  }

 private:
  std::vector<std::string> paths() const {
    std::vector<std::string> all;
    const std::string names[] = {own_ + "a", own_ + std::string(40, 'c')};
    for (const char* shared : {"/s0", "/s1"}) {
      for (const std::string& name : names) {
        const std::string top = std::string(shared) + "/" + name;
        all.push_back(top);
        for (const std::string& below : names) all.push_back(top + "/" + below);
      }
    }
    return all;
  }
  std::string any() {
    const auto all = paths();
    return all[luck_.below(all.size())];
  }

  /// True if the call did what the model says; what fails for want of memory does nothing.
  bool as_told(const std::string& call, int result, int expected) {
    if (result == -ENOMEM && aim_->fired != 0) return false;
    // After an error with errors=remount-ro nothing changes any more, and what is in memory may be
    // half done.
    if (result == -EROFS && aim_->fired != 0) read_only_ = true;
    if (read_only_) return false;
    EXPECT_EQ(result, expected) << call;
    return result == 0 && expected == 0;
  }

  void step() {
    const std::string path = any();
    switch (luck_.below(8)) {
      case 0:
      case 1:
        if (as_told("mkdir " + path, sys_.mkdir(path), model_.mkdir(path))) {
          model_.nodes[path] = {true, 0};
        }
        break;
      case 2:
        if (as_told("rmdir " + path, sys_.rmdir(path), model_.rmdir(path)))
          model_.nodes.erase(path);
        break;
      case 3:
        if (as_told("unlink " + path, sys_.unlink(path), model_.unlink(path))) {
          model_.nodes.erase(path);
        }
        break;
      case 4:
      case 5: write(path); break;
      case 6: {
        const std::string to = any();
        const int error = model_.rename(path, to);
        if (as_told("rename " + path + " " + to, sys_.rename(path, to), error))
          model_.move(path, to);
        break;
      }
      default:
        static_cast<void>(as_told("stat " + path, sys_.stat(path), model_.stat(path)));
        if (luck_.below(4) == 0) sys_.sleep(luck_.below(3 * seconds));
    }
  }

  void write(const std::string& path) {
    const bool exclusive = luck_.below(4) == 0;
    const bool truncate = luck_.below(3) == 0;
    const bool append = luck_.below(2) == 0;
    const std::uint32_t flags = open_creat | open_rdwr | (exclusive ? open_excl : 0u) |
                                (truncate ? open_trunc : 0u) | (append ? open_append : 0u);
    const int fd = sys_.open(path, flags);
    if (!as_told("open " + path, std::min(fd, 0), model_.open(path, exclusive))) {
      if (fd == -ENOMEM) resync(path);
      return;
    }
    TreeModel::Node& node = model_.nodes[path];
    if (truncate) node.size = 0;
    const std::uint64_t bytes = luck_.below(60'000);
    const std::int64_t done = sys_.write(fd, bytes);
    const std::uint64_t from = append ? node.size : 0;
    if (done == -EROFS && aim_->fired != 0) read_only_ = true;
    if (done > 0) node.size = std::max(node.size, from + static_cast<std::uint64_t>(done));
    if (aim_->fired == 0) {
      EXPECT_EQ(done, static_cast<std::int64_t>(bytes)) << path;
    }
    if (luck_.below(4) == 0) {
      const int error = sys_.fsync(fd);
      if (aim_->fired == 0) {
        EXPECT_EQ(error, 0) << path;
      }
    }
    EXPECT_EQ(sys_.close(fd), 0);
  }

  /// open() may have made or cut the file before it failed.
  void resync(const std::string& path) {
    if (model_.walk(path) != 0 || (model_.find(path) != nullptr && model_.find(path)->directory))
      return;
    Stat stat;
    int error = -ENOMEM;
    while (error == -ENOMEM) error = sys_.stat(path, &stat);
    if (error == 0) model_.nodes[path] = {false, stat.size};
    if (error == 0) return;
    EXPECT_EQ(model_.find(path), nullptr) << path << " is lost";
  }

  Syscalls& sys_;
  const std::string own_;
  Random luck_;
  const std::shared_ptr<Aim> aim_;
  TreeModel model_;
  bool read_only_ = false;
};

}  // namespace brink::test
