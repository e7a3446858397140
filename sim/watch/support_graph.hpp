// A set of nodes that come to hold once enough of what supports them holds, and the least set that
// does: each support is looked at once. Buffers are kept from one evaluation to the next.
#pragma once

#include <cstdint>
#include <vector>

namespace brink {

class SupportGraph {
 public:
  using Node = std::uint32_t;

  /// Empties the graph and makes `count` nodes, each of which needs one support.
  void reset(std::uint32_t count) {
    nodes_.assign(count, {});
    edges_.clear();
    reached_.clear();
  }

  Node add_node() {
    nodes_.emplace_back();
    return static_cast<Node>(nodes_.size() - 1);
  }

  /// The node needs one support more; said before any of them holds.
  void raise(Node node) { ++nodes_[node].need; }

  /// One of the supports that the node needs is there.
  void count_support(Node node) {
    State& state = nodes_[node];
    if (state.need != 0 && --state.need == 0) make_hold(node);
  }

  void add_support(Node from, Node to) {
    if (nodes_[from].holds) return count_support(to);
    edges_.push_back({to, nodes_[from].first_edge});
    nodes_[from].first_edge = static_cast<std::uint32_t>(edges_.size());
  }

  bool holds(Node node) const { return nodes_[node].holds; }

  void make_hold(Node node) {
    if (nodes_[node].holds) return;
    nodes_[node].holds = true;
    reached_.push_back(node);
  }

  /// Follows the supports to the end. `reached(node)` is called once for each node that has come to
  /// hold, and may make more hold.
  template <class Reached>
  void propagate(Reached&& reached) {
    while (!reached_.empty()) {
      const Node node = reached_.back();
      reached_.pop_back();
      for (std::uint32_t edge = nodes_[node].first_edge; edge != 0; edge = edges_[edge - 1].next) {
        count_support(edges_[edge - 1].to);
      }
      reached(node);
    }
  }

 private:
  struct State {
    std::uint32_t need = 1;
    std::uint32_t first_edge = 0;  ///< index + 1
    bool holds = false;
  };
  struct Edge {
    Node to;
    std::uint32_t next;
  };

  std::vector<State> nodes_;
  std::vector<Edge> edges_;
  std::vector<Node> reached_;
};

}  // namespace brink
