// The smallest program on the installed library: asks the default allocation policy a question.

#include <brink/brink.hpp>
#include <iostream>

int main() {
  brink::AllocAttempt attempt;
  attempt.rounds = attempt.no_progress_rounds = 1;
  brink::Params params(brink::Table{{"retries", 0}}, "policy.alloc");
  const auto policy = brink::alloc_policies()[0].make(params);
  if (!brink::parse_gfp("GFP_NOFS", attempt.gfp)) return 1;
  const bool fails = policy->decide(attempt).kind == brink::Action::Kind::fail;
  std::cout << brink::gfp_text(attempt.gfp) << (fails ? " may fail\n" : " is too small to fail\n");
}
