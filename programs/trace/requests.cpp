// What a recorded request was: its mask, its site, and what its caller does without it.

#include "programs/trace/requests.hpp"

#include <array>

namespace brink {
namespace {

/// A machine numbers its sites with 16 bits and has some of its own; a trace may use this many.
constexpr std::size_t most_sites = 30'000;

/// No event says what the caller does when it gets nothing; its mask does.
OnFailure reaction(Gfp gfp) {
  if (has(gfp, Gfp::nofail)) return OnFailure::nofail;
  // Who may not sleep, or asked not to be kept waiting, has something else to do.
  if (!has(gfp, Gfp::direct_reclaim) || has(gfp, Gfp::noretry)) return OnFailure::skip;
  return OnFailure::propagate;
}

std::string_view suffix(OnFailure on_failure) {
  if (on_failure == OnFailure::nofail) return ".nofail";
  return on_failure == OnFailure::skip ? ".skip" : "";
}

}  // namespace

std::string_view function_name(std::string_view call_site) {
  std::string_view name = call_site.substr(0, call_site.find('+'));
  for (const std::string_view part :
       std::array<std::string_view, 4>{".part.", ".isra.", ".constprop.", ".cold"}) {
    name = name.substr(0, name.find(part));
  }
  return name.empty() ? "unknown" : name;
}

std::uint32_t TraceRequests::index(const RecordedEvent& event, std::string_view operation,
                                   std::uint32_t line) {
  const bool object = event.kind == RecordedKind::alloc_object;
  const std::uint32_t size = event.kmalloc ? event.bytes_req : event.bytes_alloc;
  std::string key(object ? event.call_site : operation);
  for (const std::string_view part : {event.cache, event.gfp}) key.append(1, '\0').append(part);
  key += object ? event.kmalloc ? 'k' : 'o' : 'p';
  key += std::to_string(object ? size : event.order);
  const auto [at, fresh] =
      known_.try_emplace(std::move(key), static_cast<std::uint32_t>(trace_.requests.size()));
  if (fresh) trace_.requests.push_back(make(event, operation, line));
  return at->second;
}

TraceRequest TraceRequests::make(const RecordedEvent& event, std::string_view operation,
                                 std::uint32_t line) {
  TraceRequest request;
  std::string unknown;
  parse_gfp(event.gfp, request.gfp, &unknown);
  for (std::size_t begin = 0; begin < unknown.size();) {
    const std::size_t end = std::min(unknown.find('|', begin), unknown.size());
    unknown_.try_emplace(unknown.substr(begin, end - begin), line);
    begin = end + 1;
  }
  request.on_failure = reaction(request.gfp);
  request.object = event.kind == RecordedKind::alloc_object;
  request.order = event.order;
  std::string name = "trace.page." + std::string(operation);
  if (request.object) {
    request.size = std::max(1u, event.kmalloc ? event.bytes_req : event.bytes_alloc);
    // Kernels before 5.15 do not name the cache; one for each size is what SLUB would merge them
    // into.
    request.cache = event.cache;
    if (!event.kmalloc && event.cache.empty())
      request.cache = "cache-" + std::to_string(request.size);
    name = "trace." + (event.kmalloc ? "kmalloc" : request.cache) + "." +
           std::string(function_name(event.call_site));
  }
  request.site = site(name.append(suffix(request.on_failure)));
  return request;
}

std::string TraceRequests::site(const std::string& name) {
  if (sites_.contains(name) || sites_.size() < most_sites) {
    sites_.try_emplace(name, 0);
    return name;
  }
  // Far more call sites than a kernel has: they share one for each reaction.
  const std::size_t dot = name.rfind('.');
  const std::string_view end = std::string_view(name).substr(dot);
  return "trace.other" + std::string(end == ".skip" || end == ".nofail" ? end : "");
}

}  // namespace brink
