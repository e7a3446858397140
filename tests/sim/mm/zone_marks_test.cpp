// Zone marks against /proc/zoneinfo of a real 6.1 (tests/data/zoneinfo.csv), against the worked
// machines of older kernels, and each rule on marks by itself.

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "policies/eras/eras.hpp"
#include "sim/mm/zone.hpp"

namespace brink {
namespace {

using Row = std::map<std::string, std::string>;

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> fields;
  std::stringstream in(line);
  for (std::string field; std::getline(in, field, ',');) fields.push_back(field);
  return fields;
}

std::vector<Row> zoneinfo() {
  std::ifstream file(BRINK_SOURCE_DIR "/tests/data/zoneinfo.csv");
  std::string line;
  std::getline(file, line);
  const std::vector<std::string> names = split(line);
  std::vector<Row> rows;
  while (std::getline(file, line)) {
    const std::vector<std::string> fields = split(line);
    Row& row = rows.emplace_back();
    for (std::size_t i = 0; i < fields.size(); ++i) row[names[i]] = fields[i];
  }
  return rows;
}

Pages number(const Row& row, const std::string& name) {
  return std::strtoull(row.at(name).c_str(), nullptr, 10);
}

ZoneType zone_of(const std::string& name) {
  return name == "DMA" ? ZoneType::dma : name == "DMA32" ? ZoneType::dma32 : ZoneType::normal;
}

/// Rows of one guest with the same settings are the zones of one machine.
std::string machine_of(const Row& row) {
  return row.at("dataset") + row.at("guest") + "/" + row.at("min_free_kbytes") + "/" +
         row.at("watermark_scale_factor");
}

std::map<std::string, MarkSetup> machines(const std::vector<Row>& rows) {
  std::map<std::string, MarkSetup> setups;
  for (const Row& row : rows) {
    if (row.at("zone") == "Movable") continue;
    MarkSetup& setup = setups[machine_of(row)];
    setup.managed[static_cast<std::size_t>(zone_of(row.at("zone")))] = number(row, "managed");
    setup.min_free_kbytes = number(row, "min_free_kbytes");
    setup.watermark_scale_factor =
        static_cast<std::uint32_t>(number(row, "watermark_scale_factor"));
    setup.spacing = Rules::MarkSpacing::scale_factor;
  }
  return setups;
}

TEST(ZoneMarks, AreThoseOfARealKernelForSettingsByHand) {
  const std::vector<Row> rows = zoneinfo();
  const auto setups = machines(rows);
  int compared = 0;
  for (const Row& row : rows) {
    if (row.at("dataset") != "formula") continue;
    const Marks marks = zone_marks(setups.at(machine_of(row)), zone_of(row.at("zone")));
    const Marks real = {number(row, "min"), number(row, "low"), number(row, "high")};
    EXPECT_EQ(marks, real) << machine_of(row) << ' ' << row.at("zone");
    ++compared;
  }
  EXPECT_EQ(compared, 54);
}

/// Why a row at boot is not compared; empty if it is.
std::string excuse(const Row& row) {
  if (row.at("zone") == "Movable" || number(row, "managed") == 0) return "no such zone";
  if (number(row, "boost") != 0) return "marks are boosted";
  // Marks are set before the last of memory is handed over: the less there is, the more that is.
  if (number(row, "mem_mb") < 128) return "small machine: managed grew after the marks were set";
  if (number(row, "managed") < 16 * MiB / page_size) {
    return "small zone: its share was computed of a smaller whole";
  }
  return {};
}

TEST(ZoneMarks, AreThoseOfARealKernelAtBootWithinOneAndAHalfPercent) {
  const std::vector<Row> rows = zoneinfo();
  const auto setups = machines(rows);
  int compared = 0;
  std::map<std::string, int> excused;
  for (const Row& row : rows) {
    if (row.at("dataset") != "boot") continue;
    if (const std::string why = excuse(row); !why.empty()) {
      ++excused[why];
      continue;
    }
    const Marks marks = zone_marks(setups.at(machine_of(row)), zone_of(row.at("zone")));
    const Pages real[] = {number(row, "min"), number(row, "low"), number(row, "high")};
    for (std::size_t i = 0; i < marks.size(); ++i) {
      const Pages apart = marks[i] > real[i] ? marks[i] - real[i] : real[i] - marks[i];
      EXPECT_LE(apart * 1000, real[i] * 15) << machine_of(row) << ' ' << row.at("zone");
    }
    ++compared;
  }
  // None may slip out of the comparison unseen.
  EXPECT_EQ(compared, 15);
  const std::map<std::string, int> expected = {
      {"no such zone", 27},
      {"marks are boosted", 1},
      {"small machine: managed grew after the marks were set", 6},
      {"small zone: its share was computed of a smaller whole", 9}};
  EXPECT_EQ(excused, expected);
}

TEST(ZoneMarks, OfSixteenGibibytesWithTheHoleBelowFour) {
  MarkSetup setup;
  setup.managed = {4096, 782'336, 3'407'872, 0};
  setup.min_free_kbytes = min_free_kbytes(4'194'304, 65'536);
  EXPECT_EQ(zone_marks(setup, ZoneType::normal), (Marks{3328, 4160, 4992}));
  setup.spacing = Rules::MarkSpacing::scale_factor;
  EXPECT_EQ(zone_marks(setup, ZoneType::normal), (Marks{3328, 6735, 10'142}));
}

struct Box {
  Box(const ZoneSetup& setup, const Rules& rules) : map(setup.pages), zones(map, setup, rules) {}
  PageMap map;
  Zones zones;
};

ZoneSetup of_mib(std::uint64_t mib, Arch arch = Arch::x86_64) {
  ZoneSetup setup;
  setup.pages = mib * MiB / page_size;
  setup.arch = arch;
  return setup;
}

TEST(ZoneMarks, OfTheWorkedMachinesInSixOne) {
  const struct {
    std::uint64_t mib;
    ZoneType zone;
    Marks marks;
  } rows[] = {
      {512, ZoneType::dma, {22, 27, 32}},          {512, ZoneType::dma32, {701, 876, 1051}},
      {384, ZoneType::dma32, {600, 750, 900}},     {100, ZoneType::dma32, {268, 335, 402}},
      {2048, ZoneType::dma32, {1436, 1956, 2476}},
  };
  for (const auto& row : rows) {
    Box box(of_mib(row.mib), linux_6_1_rules());
    EXPECT_EQ(box.zones[row.zone].mark, row.marks) << row.mib;
  }
}

TEST(ZoneMarks, OfThirtyTwoBits) {
  // An XO: 256 MiB without highmem.
  Box small(of_mib(256, Arch::x86_32), linux_2_6_30_rules());
  EXPECT_EQ(small.zones[ZoneType::normal].managed, 61'440u);
  EXPECT_EQ(small.zones[ZoneType::normal].mark, (Marks{480, 600, 720}));
  EXPECT_FALSE(small.zones[ZoneType::highmem].populated());
  EXPECT_EQ(small.zones.preferred(GFP_HIGHUSER).type, ZoneType::normal);

  // 2 GiB: 1,152 MiB lie above what is mapped for good. They have little of a mark for themselves,
  // and the lower zones keep a part from those who could use them.
  Box large(of_mib(2048, Arch::x86_32), Rules{});
  const Zone& highmem = large.zones[ZoneType::highmem];
  const Pages lowmem = 896 * MiB / page_size;
  EXPECT_EQ(highmem.managed, 2 * GiB / page_size - lowmem);
  EXPECT_EQ(large.zones.min_free_kbytes(), min_free_kbytes(lowmem, 65'536));
  const Pages share = large.zones.min_free_kbytes() / 4 * highmem.managed / lowmem;
  EXPECT_EQ(highmem.mark, (Marks{128, 128 + share / 4, 128 + share / 2}));
  EXPECT_EQ(large.zones[ZoneType::normal].lowmem_reserve[3], highmem.managed / 32);
  EXPECT_EQ(large.zones.preferred(GFP_HIGHUSER).type, ZoneType::highmem);
  EXPECT_EQ(large.zones.preferred(GFP_KERNEL).type, ZoneType::normal);
  EXPECT_EQ(large.zones.preferred(GFP_KERNEL | Gfp::dma32).type, ZoneType::normal);
  EXPECT_EQ(large.zones.preferred(GFP_KERNEL | Gfp::dma).type, ZoneType::dma);
  EXPECT_EQ(large.zones.highest(), ZoneType::highmem);
  for (const Zone& zone : large.zones.all()) {
    if (!zone.populated()) continue;
    EXPECT_EQ(large.zones.type_of(zone.begin), zone.type);
    EXPECT_EQ(large.zones.type_of(zone.end - 1), zone.type);
  }
}

TEST(ZoneMarks, FollowMinFreeKbytesOfTheMachineAndTheRulesLimit) {
  ZoneSetup setup = of_mib(512);
  setup.min_free_kbytes = 8192;
  Box by_hand(setup, Rules{});
  EXPECT_EQ(by_hand.zones[ZoneType::dma32].watermark(Watermark::min), 2048u * 126'976 / 131'072);

  // A machine of 512 GiB: isqrt(16 × 2^29) = 92,681.
  Rules rules;
  EXPECT_EQ(Box(of_mib(512 * 1024), rules).zones.min_free_kbytes(), 65'536u);
  rules.min_free_kbytes_max = 262'144;
  EXPECT_EQ(Box(of_mib(512 * 1024), rules).zones.min_free_kbytes(), 92'681u);
}

TEST(ZoneMarks, LieFurtherApartInLargeZonesByTheRuleOfFourSix) {
  Rules rules;
  const Marks quarter = Box(of_mib(2048), rules).zones[ZoneType::dma32].mark;
  rules.mark_spacing = Rules::MarkSpacing::scale_factor;
  ZoneSetup setup = of_mib(2048);
  const Marks scaled = Box(setup, rules).zones[ZoneType::dma32].mark;
  setup.watermark_scale_factor = 100;
  const Marks wide = Box(setup, rules).zones[ZoneType::dma32].mark;
  EXPECT_EQ(quarter[0], scaled[0]);
  EXPECT_EQ(quarter[1], quarter[0] + quarter[0] / 4);
  EXPECT_EQ(scaled[1], scaled[0] + 520'192 / 1000);
  EXPECT_EQ(wide[2], wide[0] + 2 * (520'192 / 100));
}

}  // namespace
}  // namespace brink
