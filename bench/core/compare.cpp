// Runs the core's workloads beside the two baselines and prints paired ratios: each round runs all
// three one after another, each ratio is taken within its round, and the median of rounds is shown.
// The programs measure CPU time themselves; equal checksums prove that they did equal work.

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace {

struct Sample {
  double rate = 0;
  std::string checksum;
};

/// One line of a workload program: `NAME WORK RATE UNIT/s chk=CHECKSUM`.
Sample run(const std::string& command) {
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  char name[64], work[64], unit[64], checksum[64];
  Sample sample;
  if (pipe == nullptr || std::fscanf(pipe.get(), "%63s %63s %lf %63s chk=%63s", name, work,
                                     &sample.rate, unit, checksum) != 5) {
    std::fprintf(stderr, "bench: cannot run: %s\n", command.c_str());
    std::exit(1);
  }
  sample.checksum = checksum;
  return sample;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<long>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

struct Work {
  const char* id;
  const char* argument;
  const char* unit;
  const char* what;
  double textbook_scale;  ///< how much more the textbook program must be asked for; 0: it cannot
  bool checked;           ///< whether the textbook's checksum is comparable
};

constexpr std::array<Work, 6> works = {{
    {"W1", "w1", "switches/s", "2 tasks yield in turn", 5, false},
    {"W1X", "w1x", "switches/s", "4 tasks yield at 4 call sites", 0, false},
    {"W3", "w3", "acquisitions/s", "64 tasks, 8 hand-off mutexes, sleeps", 2.5, true},
    {"W4", "w4", "worlds/s", "8 tasks, 2 mutexes, 192 operations, spawn to teardown", 5, true},
    {"W4S", "w4s", "worlds/s", "2 tasks, 2 mutexes, random preemption", 0, false},
    {"W4L", "w4l", "worlds/s", "W4 whose tasks end locked up and are torn down", 0, false},
}};

struct Row {
  const Work* work;
  double rate = 0, fcontext = 0, textbook = 0, lockdep = 0, of_w4 = 0;
  bool equal = true;
};

/// All rounds of one workload. The textbook's world count is scaled to the others', so that the
/// checksums of equal work are equal.
Row measure(const Work& work, const std::string& bin, double scale, int rounds) {
  Row row{&work};
  std::vector<double> rates, fcontext, textbook;
  const std::string argument = std::string(" ") + work.argument + " ";
  for (int i = 0; i < rounds; ++i) {
    const Sample raw = run(bin + "/core_fcontext" + argument + std::to_string(scale));
    const Sample product = run(bin + "/core_product" + argument + std::to_string(scale));
    rates.push_back(product.rate);
    fcontext.push_back(product.rate / raw.rate);
    row.equal = row.equal && (work.argument[1] == '1' || raw.checksum == product.checksum);
    if (work.textbook_scale == 0) continue;
    const Sample book =
        run(bin + "/core_textbook" + argument + std::to_string(scale * work.textbook_scale));
    textbook.push_back(product.rate / book.rate);
    row.equal = row.equal && (!work.checked || book.checksum == product.checksum);
  }
  row.rate = median(rates);
  row.fcontext = median(fcontext);
  if (!textbook.empty()) row.textbook = median(textbook);
  row.lockdep = run(bin + "/core_product" + argument + std::to_string(scale) + " lockdep").rate;
  return row;
}

void print(const std::vector<Row>& rows) {
  std::printf("%-4s %14s %-15s %9s %9s %12s  %s\n", "", "brink", "", "fcontext", "textbook",
              "lockdep on", "checksums");
  for (const Row& row : rows) {
    char book[16] = "-";
    if (row.textbook != 0) std::snprintf(book, sizeof book, "%.2f", row.textbook);
    std::printf("%-4s %14.0f %-15s %9.2f %9s %12.0f  %s\n", row.work->id, row.rate, row.work->unit,
                row.fcontext, book, row.lockdep, row.equal ? "equal" : "DIFFERENT");
  }
  std::printf("W4L / W4 = %.2f\n", rows.back().of_w4);
}

/// Whole runs of the main experiment: median of the rounds.
double whole_runs(const std::string& bin, int rounds) {
  std::vector<double> rates;
  const std::string command =
      bin + "/core_whole_runs " BRINK_SOURCE_DIR "/configs/too-small-to-fail.toml 20";
  for (int i = 0; i < rounds; ++i) rates.push_back(run(command).rate);
  return median(rates);
}

void write_json(const std::vector<Row>& rows, double whole, const char* path) {
  std::ofstream out(path);
  out << "{\"rows\": [";
  const char* comma = "";
  for (const Row& row : rows) {
    out << comma << "{\"id\": \"" << row.work->id << "\", \"value\": " << row.rate
        << ", \"unit\": \"" << row.work->unit << "\", \"ratios\": {\"fcontext\": " << row.fcontext;
    if (row.textbook != 0) out << ", \"textbook\": " << row.textbook;
    if (row.of_w4 != 0) out << ", \"w4\": " << row.of_w4;
    out << ", \"lockdep_on\": " << row.lockdep / row.rate
        << "}, \"checksums_equal\": " << (row.equal ? "true" : "false") << "}";
    comma = ", ";
  }
  out << ", {\"id\": \"too-small-to-fail\", \"value\": " << whole
      << ", \"unit\": \"runs/s\", \"ratios\": {}}]}\n";
}

}  // namespace

int main(int argc, char** argv) {
  double scale = 0.5;
  int rounds = 9;
  const char* json = nullptr;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--json") == 0) json = argv[i + 1];
    if (std::strcmp(argv[i], "--scale") == 0) scale = std::atof(argv[i + 1]);
    if (std::strcmp(argv[i], "--rounds") == 0) rounds = std::atoi(argv[i + 1]);
  }
  const std::string self = argv[0];
  const std::string bin = self.substr(0, self.rfind('/'));
  std::vector<Row> rows;
  for (const Work& work : works) rows.push_back(measure(work, bin, scale, rounds));
  rows.back().of_w4 = rows.back().rate / rows[3].rate;
  print(rows);
  const double whole = whole_runs(bin, std::min(rounds, 3));
  std::printf("too-small-to-fail.toml: %.1f runs/s on one core\n", whole);
  if (json != nullptr) write_json(rows, whole, json);
  const bool equal =
      std::all_of(rows.begin(), rows.end(), [](const Row& row) { return row.equal; });
  return equal ? 0 : 1;
}
