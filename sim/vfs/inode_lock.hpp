// Which i_mutex of several a task takes at once, for lockdep (enum inode_i_mutex_lock_class,
// include/linux/fs.h, Linux 4.0).
#pragma once

namespace brink {

inline constexpr unsigned I_MUTEX_NORMAL = 0;
inline constexpr unsigned I_MUTEX_PARENT = 1;
inline constexpr unsigned I_MUTEX_CHILD = 2;
inline constexpr unsigned I_MUTEX_NONDIR2 = 4;

}  // namespace brink
