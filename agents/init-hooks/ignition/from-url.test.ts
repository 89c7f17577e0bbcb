import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Downloads } from "../../kernel/downloads.ts";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { openModuleLoader } from "../../modules/module-loader.ts";
import { fetchConfig } from "./from-url.ts";

const url = "http://10.0.2.2/config.ign";
const config = Buffer.from('{"ignition":{"version":"3.2.0"}}');
const sum = createHash("sha256").update(config).digest("hex");

/** A machine with these network cards, whose DHCP is answered or not. */
function system(cards: readonly string[], status = 0): FakeKernel {
  const kernel = new FakeKernel().onRun("modprobe").onRun("udhcpc", { exitCode: status });
  kernel.lay({ "/proc/sys/kernel/osrelease": "6.12.1\n", "/sys/class/net": null, "/etc": null });
  kernel.lay({ "/run/boot2podman": null, "/dev": null, "/sys/devices": null });
  for (const name of ["lo", ...cards]) {
    kernel.lay({
      [`/sys/class/net/${name}/type`]: name === "lo" ? "772\n" : "1\n",
      [`/sys/class/net/${name}/ifindex`]: "2\n",
      [`/sys/devices/${name}`]: null,
    });
    if (name !== "lo") {
      kernel.symlink(`/sys/devices/${name}`, `/sys/class/net/${name}/device`);
    }
  }
  return kernel;
}

function server(parts: readonly Uint8Array[] | undefined): Downloads & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    async download(from) {
      asked.push(from);
      return (
        parts && {
          fromByte: 0,
          totalBytes: undefined,
          parts: (async function* () {
            yield* parts;
          })(),
        }
      );
    },
  };
}

function fetch(kernel: FakeKernel, downloads: Downloads, sha256 = sum) {
  const loader = openModuleLoader(kernel, []);
  const way = { loader, headStart: undefined, nameServers: ["10.0.2.3"], downloads };
  return fetchConfig(kernel, { url, sha256 }, 1000, way);
}

describe("a config on a server", () => {
  test("is fetched when a card has an address, and is what its sum says", async () => {
    const kernel = system(["eth0"]);
    const downloads = server([config.subarray(0, 5), config.subarray(5)]);
    expect(Buffer.from(await fetch(kernel, downloads))).toEqual(config);
    expect(downloads.asked).toEqual([url]);
    const dhcp = kernel.runs.filter(({ argv }) => argv[0] === "udhcpc");
    expect(dhcp.map(({ argv }) => argv.slice(0, 6))).toEqual([
      ["udhcpc", "-f", "-n", "-q", "-i", "eth0"],
    ]);
    expect(kernel.readText("/etc/resolv.conf")).toContain("nameserver 10.0.2.3");
  });

  test.each<[string, FakeKernel, Downloads, string]>([
    ["with no card", system([]), server([config]), "no network card"],
    ["where nobody answers DHCP", system(["eth0", "eth1"], 1), server([config]), "on eth0, eth1"],
    ["that isn't there", system(["eth0"]), server(undefined), "the server has none"],
    ["of another sum", system(["eth0"]), server([Buffer.from("{}")]), "its SHA-256 is 44136fa3"],
    ["that is too long", system(["eth0"]), server([Buffer.alloc(1001)]), "longer than 1000 bytes"],
  ])("%s is refused, in a line that names it", async (_, kernel, downloads, why) => {
    await expect(fetch(kernel, downloads)).rejects.toThrow(why);
    await expect(fetch(kernel, downloads)).rejects.toThrow(url);
  });
});
