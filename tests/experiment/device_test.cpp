// [[device]]: devices made of others, and who may name them.

#include "tests/experiment/small_world.hpp"

namespace brink {
namespace {

/// A device table, and what else the file says, after the small file.
std::string with(const std::string& devices) { return small_file() + devices; }

std::string device(const std::string& keys) { return "[[device]]\n" + keys; }

const std::string crypt = device("name = \"crypt\"\nkind = \"dm-crypt\"\n");

TEST(DeviceTable, MakesDevicesThatLaterOnesMayName) {
  const std::string text =
      with(crypt + device("name = \"twice\"\nkind = \"dm-crypt\"\nover = \"crypt\"\n"));
  ASSERT_EQ(error_of(text), "");
  const Experiment experiment = load_text(text);
  const RunSpec spec = sweep_spec(experiment, 0, 0, "");
  ASSERT_EQ(spec.machine.devices.size(), 2u);
  EXPECT_EQ(spec.machine.devices[0].name, "crypt");
  EXPECT_EQ(spec.machine.devices[1].over, "crypt");
}

TEST(DeviceTable, SaysWhatIsWrong) {
  const struct {
    std::string devices, complaint;
  } cases[] = {
      {crypt + crypt, "there is such a device already"},
      {device("kind = \"zram\"\n"), "is missing"},
      {device("name = \"disk\"\nkind = \"zram\"\n"), "is a device of the device table"},
      {device("name = \"a\"\nover = \"dsk\"\n"), "did you mean \"disk\"?"},
      {device("name = \"a\"\nkind = \"loop\"\nfile = \"img\"\n"), "must be an absolute path"},
      {device("name = \"a\"\nkind = \"raid\"\n"), "raid"},
      {device("name = \"a\"\nratio = 0\n"), "out of range"},
      {device("name = \"sr0\"\nkind = \"cdrom\"\n") + device("name = \"a\"\nover = \"sr0\"\n"),
       "is a drive without a disc"},
  };
  for (const auto& one : cases) {
    EXPECT_NE(error_of(with(one.devices)).find(one.complaint), std::string::npos)
        << one.devices << error_of(with(one.devices));
  }
}

}  // namespace
}  // namespace brink
