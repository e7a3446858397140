// Where a path walk has come to (struct nameidata, fs/namei.c, Linux 4.0).
#pragma once

#include <string_view>

#include "sim/vfs/dentry.hpp"

namespace brink {

class Vfs;

/// What the last component of a path is.
enum class LastType : std::uint8_t { normal, root, dot, dotdot };

class Walk {
 public:
  explicit Walk(Vfs& vfs);
  Walk(const Walk&) = delete;
  Walk& operator=(const Walk&) = delete;

  /// Walks the whole path. 0 or a negative errno, after which nothing is held.
  [[nodiscard]] int to(std::string_view path);
  /// All but the last component, which last() and last_type() tell.
  [[nodiscard]] int to_parent(std::string_view path);
  /// One component further (walk_component()).
  [[nodiscard]] int step(NameId name);

  /// Where it is; a reference is held if the walk has ended well.
  Dentry& dentry() const { return *at_; }
  Inode& inode() const { return *at_->inode; }
  NameId last() const { return last_; }
  LastType last_type() const { return last_type_; }
  /// The path ended in a slash: it must be a directory.
  bool trailing_slash() const { return trailing_slash_; }

  /// Takes a reference, if there is none yet: the walk may sleep from now on.
  void hold();
  /// Gives up the reference (path_put()). May sleep.
  void put();
  /// Moves to a dentry with a reference that is the walk's from now on.
  void move_to(Dentry& dentry);

 private:
  int walk(std::string_view path, bool parent_only);
  int check_directory();
  int step_up();
  int step_slow(NameId name);

  Vfs& vfs_;
  Dentry* at_ = nullptr;
  bool held_ = false;
  NameId last_ = no_name;
  LastType last_type_ = LastType::root;
  bool trailing_slash_ = false;
};

/// __lookup_hash(): the child of that name, cached or looked up now; its directory's i_mutex is
/// held. With a reference; null and `error` if it fails.
Dentry* lookup_hash(Vfs& vfs, Dentry& dir, NameId name, int& error);

}  // namespace brink
