import { describe, expect, test } from "vitest";
import { readTap } from "./tap.ts";

const text = `Loaded image: a
1..4
ok 1 podman version in 12ms
not ok 2 podman in a pod in 1249ms
# (in test file a.bats, line 3)
#   \`false' failed
ok 3 |030| podman run # skip only applicable on podman-remote
ok 4 selinux in 3ms # skip
`;

describe("what bats prints is read", () => {
  test("names without times and marks, failures with what was printed, skips with what they say", () => {
    expect(readTap("a.bats", text)).toEqual({
      tests: [
        { file: "a.bats", name: "podman version", outcome: "passed", details: "" },
        {
          file: "a.bats",
          name: "podman in a pod",
          outcome: "failed",
          details: "# (in test file a.bats, line 3)\n#   `false' failed\n",
        },
        {
          file: "a.bats",
          name: "podman run",
          outcome: "skipped",
          says: "only applicable on podman-remote",
          details: "",
        },
        { file: "a.bats", name: "selinux", outcome: "skipped", details: "" },
      ],
    });
  });

  test.each([
    [
      "no plan, since nothing was started",
      "mount: permission denied\n",
      "mount: permission denied",
    ],
    ["fewer tests than the plan says", "1..3\nok 1 a\n", "1 of 3 tests were run"],
    ["nothing", "", ""],
  ])("a file that didn't get to its end is told: %s", (_, said, broken) => {
    expect(readTap("a.bats", said).broken).toBe(broken);
  });
});
