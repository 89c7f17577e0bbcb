import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silent } from "../../image/report/progress.ts";
import { Laboratory } from "../conformance/laboratory/laboratory.ts";
import { runAndJudge } from "../conformance/run-files.ts";
import { cacheOf, openTests } from "../conformance/source/open-tests.ts";
import { fetchTools } from "../conformance/source/tools.ts";
import { fetchVarlinkctl } from "../conformance/source/varlinkctl.ts";
import { readExpected } from "../conformance/verdict/expected.ts";

/** Short ones that touch much; "npm run conformance" runs them all. */
const selected = {
  root: ["001-basic.bats", "125-import.bats", "190-run-ipcns.bats"],
  user: ["001-basic.bats", "045-start.bats"],
} as const;

// It mounts filesystems.
describe.skipIf(process.getuid?.() !== 0)("Podman of the image, in namespaces of this host", () => {
  let version: string;
  let laboratory: Laboratory;

  beforeAll(async () => {
    const cache = cacheOf(silent);
    // Whose tests have a list of what is expected; newer ones can be had on some machines only.
    const tests = await openTests("debian12", cache);
    version = tests.version;
    laboratory = await Laboratory.open(tests, await fetchTools(cache), cache);
  });
  afterAll(async () => {
    await laboratory?.close();
  });

  test.each(["root", "user"] as const)(
    "its own tests pass as %s, but those listed",
    async (role) => {
      const { verdict, broken } = await runAndJudge(
        laboratory,
        role,
        selected[role],
        readExpected(version),
        { say: () => undefined, keep: () => undefined },
      );
      expect(broken).toEqual([]);
      expect(verdict.passed).toBeGreaterThan(10);
      expect(verdict.news).toEqual([]);
    },
  );

  test("io.podman answers over Varlink: a session of Podman 1's client, all methods, and systemd's varlinkctl", async () => {
    const material = await fetchVarlinkctl(cacheOf(silent));
    const { exitCode, stdout, stderr } = await laboratory.runScript("root", "varlink.sh", material);
    expect(`${stdout}\n${stderr}`.split("\n").slice(-25).join("\n")).toContain("all of it holds");
    expect(exitCode).toBe(0);
  });

  test("the log driver journald is refused in words, and nothing of a container's output is lost", async () => {
    const script = `
      /opt/tools/bin/docker-registry serve /opt/laboratory/registry.yml >/tmp/registry.log 2>&1 &
      image=$(cat /opt/images/testimage)
      podman pull -q --retry 100 --retry-delay 1s $image >/dev/null
      podman run --log-driver=journald --name a $image echo lost
      echo "ended with $?"
      podman run --name b $image echo kept
      podman logs b`;
    const { stdout, stderr } = await laboratory.run(["/bin/bash", "-c", script]);
    expect(stderr).toContain(
      "log driver journald: there is no journal without systemd; use --log-driver=k8s-file",
    );
    expect(stdout).toBe("ended with 126\nkept\nkept\n");
  });
});
