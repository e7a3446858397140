// Doubly linked lists through the objects themselves (include/linux/list.h): joining and leaving
// one costs no memory, and an object that dies with its world need not leave first.
#pragma once

#include <boost/intrusive/list.hpp>

namespace brink {

using ListHook =
    boost::intrusive::list_member_hook<boost::intrusive::link_mode<boost::intrusive::normal_link>>;

template <class T, ListHook T::*hook>
using IntrusiveList = boost::intrusive::list<T, boost::intrusive::member_hook<T, ListHook, hook>>;

}  // namespace brink
