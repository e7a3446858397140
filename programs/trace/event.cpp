// Fields of the events, found by name: kernels add fields and change their order, tools print them
// in their own way (`ptr=0xffff…`, `ptr=000000001972d26b`, `ptr=(nil)`, `ptr=          (null)`).

#include "programs/trace/event.hpp"

#include <array>
#include <charconv>
#include <string>

#include "brink/gfp.hpp"

namespace brink {
namespace {

struct Kind {
  std::string_view name;
  RecordedKind kind;
};

constexpr std::array kinds = {
    Kind{"kmem_cache_alloc", RecordedKind::alloc_object},
    Kind{"kmalloc", RecordedKind::alloc_object},
    Kind{"kmem_cache_alloc_node", RecordedKind::alloc_object},
    Kind{"kmalloc_node", RecordedKind::alloc_object},
    Kind{"kmem_cache_free", RecordedKind::free_object},
    Kind{"kfree", RecordedKind::free_object},
    Kind{"mm_page_alloc", RecordedKind::alloc_pages},
    Kind{"mm_page_free", RecordedKind::free_pages},
    Kind{"mm_page_free_direct", RecordedKind::free_pages},
    Kind{"mm_pagevec_free", RecordedKind::free_pagevec},
    Kind{"mm_page_free_batched", RecordedKind::free_batched},
    Kind{"sys_enter", RecordedKind::syscall_enter},
    Kind{"sys_exit", RecordedKind::syscall_exit},
    Kind{"page_fault_user", RecordedKind::page_fault},
    Kind{"sched_process_fork", RecordedKind::fork},
    Kind{"sched_process_exit", RecordedKind::exit},
};

RecordedKind kind_of(std::string_view name) {
  for (const Kind& kind : kinds) {
    if (kind.name == name) return kind.kind;
  }
  return RecordedKind::other;
}

/// The fields of one line, and where in its text they stand.
class Fields {
 public:
  Fields(const TraceLine& line, std::string_view text, const TextSource& source)
      : line_(line), text_(text), source_(source) {}

  /// The value of `key=value`, empty if there is none.
  std::string_view find(std::string_view key) const {
    const std::string_view fields = line_.fields;
    for (std::size_t at = fields.find(key); at != std::string_view::npos;
         at = fields.find(key, at + 1)) {
      const std::size_t end = at + key.size();
      const bool whole = at == 0 || fields[at - 1] == ' ' || fields[at - 1] == '\t';
      if (!whole || end >= fields.size() || fields[end] != '=') continue;
      const std::string_view rest = trimmed(fields.substr(end + 1));
      return rest.substr(0, rest.find_first_of(" \t"));
    }
    return {};
  }

  std::string_view need(std::string_view key) const {
    const std::string_view value = find(key);
    if (value.empty()) fail(line_.fields, "has no field " + std::string(key));
    return value;
  }

  template <class Number>
  Number number(std::string_view value, int base = 10) const {
    Number result = 0;
    std::string_view digits = value;
    if (base == 16 && digits.starts_with("0x")) digits.remove_prefix(2);
    const char* const end = digits.data() + digits.size();
    const auto [last, error] = std::from_chars(digits.data(), end, result, base);
    if (error != std::errc() || last != end || digits.empty()) {
      fail(value, "has no number in \"" + std::string(value.substr(0, 40)) + "\"");
    }
    return result;
  }

  /// A pointer; 0 for the ways to print NULL.
  std::uint64_t pointer(std::string_view value) const {
    if (value == "(nil)" || value == "(null)" || value == "NULL") return 0;
    return number<std::uint64_t>(value, 16);
  }

  [[noreturn]] void fail(std::string_view at, const std::string& why) const {
    const auto column = static_cast<std::size_t>(at.data() - text_.data()) + 1;
    throw ConfigError(source_.where(column), std::string(line_.event) + " " + why);
  }

  std::string_view text() const { return line_.fields; }

 private:
  const TraceLine& line_;
  std::string_view text_;
  const TextSource& source_;
};

std::string_view need_gfp(const Fields& fields) {
  const std::string_view gfp = fields.need("gfp_flags");
  Gfp bits{};
  if (!parse_gfp(gfp, bits)) {
    fields.fail(gfp, "has no mask in \"" + std::string(gfp.substr(0, 40)) + "\"");
  }
  return gfp;
}

void read_object(const Fields& fields, RecordedEvent& event) {
  event.key = fields.pointer(fields.need("ptr"));
  event.bytes_req = fields.number<std::uint32_t>(fields.need("bytes_req"));
  event.bytes_alloc = fields.number<std::uint32_t>(fields.need("bytes_alloc"));
  event.gfp = need_gfp(fields);
  event.call_site = fields.find("call_site");
  if (!event.kmalloc) event.cache = fields.find("name");
}

/// The frame number, decimal before 3.19; 0 where the kernel printed that there is no page.
std::uint64_t read_pfn(const Fields& fields) {
  const std::string_view page = fields.find("page");
  if (page == "(nil)" || page == "(null)" || page == "NULL") return 0;
  const std::string_view pfn = fields.need("pfn");
  const auto number = fields.number<std::uint64_t>(pfn, pfn.starts_with("0x") ? 16 : 10);
  return number == ~std::uint64_t{0} ? 0 : number;
}

void read_pages(const Fields& fields, RecordedEvent& event) {
  event.key = read_pfn(fields);
  // mm_pagevec_free had no order: it was always one page.
  const std::string_view order = fields.find("order");
  if (order.empty() && event.kind == RecordedKind::free_pagevec) return;
  event.order = fields.number<unsigned>(fields.need("order"));
  if (event.order > max_order) {
    fields.fail(order, "has an order beyond " + std::to_string(max_order) +
                           ", the largest of the model's allocator");
  }
  if (event.kind == RecordedKind::alloc_pages) event.gfp = need_gfp(fields);
}

/// `NR 257 (…)`, `NR 257 = -2`.
void read_syscall(const Fields& fields, RecordedEvent& event) {
  std::string_view rest = trimmed(fields.text());
  if (!rest.starts_with("NR ")) fields.fail(fields.text(), "has no NR");
  rest = trimmed(rest.substr(3));
  const std::string_view number = rest.substr(0, rest.find_first_of(" \t("));
  // A task that a debugger stops may be given the number -1: no call at all.
  event.number = static_cast<std::uint32_t>(fields.number<std::int64_t>(number));
  if (event.kind == RecordedKind::syscall_enter) return;
  const std::size_t equals = rest.find('=');
  if (equals == std::string_view::npos) fields.fail(rest, "has no result");
  event.result = fields.number<std::int64_t>(trimmed(rest.substr(equals + 1)));
}

}  // namespace

RecordedEvent read_event_fields(const TraceLine& line, std::string_view text,
                                const TextSource& source) {
  RecordedEvent event;
  event.kind = kind_of(line.event);
  const Fields fields(line, text, source);
  switch (event.kind) {
    case RecordedKind::alloc_object:
      event.kmalloc = line.event.starts_with("kmalloc");
      read_object(fields, event);
      break;
    case RecordedKind::free_object: event.key = fields.pointer(fields.need("ptr")); break;
    case RecordedKind::alloc_pages:
    case RecordedKind::free_pages:
    case RecordedKind::free_pagevec: read_pages(fields, event); break;
    case RecordedKind::syscall_enter:
    case RecordedKind::syscall_exit: read_syscall(fields, event); break;
    case RecordedKind::fork:
      event.child = fields.number<std::uint32_t>(fields.need("child_pid"));
      break;
    case RecordedKind::free_batched:
    case RecordedKind::page_fault:
    case RecordedKind::exit:
    case RecordedKind::other: break;
  }
  return event;
}

}  // namespace brink
