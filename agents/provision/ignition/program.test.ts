import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { provisionedHostname, readProvisions } from "../read-provisions.ts";
import { ignite } from "./program.ts";

const ofClient = readFileSync(new URL("../../../test/client/podman-5.4.2.ign", import.meta.url));
const applied = "/var/lib/boot2podman/ignition/applied.json";

/** A system whose user has his name; `disk`: its state lies on a data disk. */
function system({ disk = false } = {}): FakeKernel {
  const kernel = new FakeKernel().lay({
    "/etc/passwd": "root:x:0:0::/root:/bin/bash\ncore:x:1000:50::/home/core:/bin/bash\n",
    "/etc/shadow": "root:*:::::::\ncore:*:::::::\n",
    "/etc/group": "root:x:0:\nstaff:x:50:\n",
    "/etc/subuid": "core:100000:65536\ncontainers:2147483647:2147483648\n",
    "/etc/subgid": "core:100000:65536\ncontainers:2147483647:2147483648\n",
    "/etc/ssh/sshd_config": "Match User core\n",
    "/home/core": null,
    "/usr/local/bin": null,
    "/run/boot2podman": null,
    "/var/lib/boot2podman": null,
    "/sys/block": null,
  });
  if (disk) {
    kernel.lay({ "/mnt/sda1/state": null });
    kernel.mount({ source: "/mnt/sda1/state", target: "/var/lib/boot2podman", flags: ["bind"] });
  }
  return kernel;
}

function run(kernel: FakeKernel, config: Buffer) {
  const ignited = ignite(kernel, config, "Ignition config");
  ignited.makeAccounts();
  // What lies over a folder is another test's; here it shows through.
  return ignited.makeEntries({ rebind: () => undefined });
}

function configOf(...files: object[]): Buffer {
  const config = { ignition: { version: "3.2.0" }, storage: { files } };
  return Buffer.from(JSON.stringify(config));
}

test("the config of podman machine is made whole", async () => {
  const kernel = system();
  const { warnings, message } = run(kernel, ofClient);
  expect(warnings).toEqual([]);
  expect(message).toBe("user core, 5 folders, 7 files, 2 links, user=core, tz=Europe/Berlin");
  const settings = "/home/core/.config/containers/containers.conf";
  expect(kernel.readText(settings)).toBe('[containers]\nnetns="bridge"\npids_limit=0\n');
  expect(kernel.stat(settings)).toMatchObject({ uid: 1000, gid: 1000, mode: 0o744 });
  for (const marker of ["/etc/containers/podman-machine", "/etc/podman-machine"]) {
    expect(kernel.readText(marker)).toBe("qemu\n");
  }
  expect(kernel.readlink("/usr/local/bin/docker")).toBe("/usr/bin/podman");
  const [provision] = await readProvisions(kernel, { name: "core", home: "/home/core" });
  expect(provision?.users.map(({ name, keys }) => [name, keys.length])).toEqual([
    ["core", 1],
    ["root", 1],
  ]);
});

test("further users have a home folder and keys of their own", async () => {
  const kernel = system();
  const users = [{ name: "core" }, { name: "ann", sshAuthorizedKeys: ["ssh-ed25519 AAAA ann"] }];
  const config = { ignition: { version: "3.2.0" }, passwd: { users } };
  expect(run(kernel, Buffer.from(JSON.stringify(config))).warnings).toEqual([]);
  expect(kernel.stat("/home/ann")).toMatchObject({ kind: "folder", uid: 1001, gid: 1001 });
  expect(kernel.readText("/etc/ssh/authorized_keys.d/ann")).toBe("ssh-ed25519 AAAA ann\n");
  const [provision] = await readProvisions(kernel, { name: "core", home: "/home/core" });
  expect(provision?.users).toEqual([{ name: "core", keys: [] }]);
});

test("Podman's --userns=auto of root keeps its numbers", () => {
  const kernel = system();
  run(kernel, ofClient);
  expect(kernel.readText("/etc/subuid")).toBe(
    "core:100000:1000000\ncontainers:2147483647:2147483648\n",
  );
});

test("the host's name is one of the provisions", async () => {
  const kernel = system();
  run(kernel, configOf({ path: "/etc/hostname", contents: { source: "data:,web%0A" } }));
  expect(await provisionedHostname(kernel)).toBe("web");
});

test("files are appended to once, and keep what they have", () => {
  const kernel = system();
  kernel.lay({ "/etc/motd": "hello\n" });
  const config = configOf({
    path: "/etc/motd",
    append: [{ source: "data:,a%0A" }, { source: "data:,b%0A" }],
  });
  run(kernel, config);
  run(kernel, config);
  expect(kernel.readText("/etc/motd")).toBe("hello\na\nb\n");
});

test("what is there stays unless the config says overwrite", () => {
  const kernel = system();
  kernel.lay({ "/etc/mine": "mine", "/etc/other": "mine", "/etc/folder/x": "" });
  const source = "data:,theirs";
  const { warnings } = run(
    kernel,
    configOf(
      { path: "/etc/mine", contents: { source } },
      { path: "/etc/other", contents: { source }, overwrite: true },
      { path: "/etc/folder", contents: { source }, overwrite: true },
    ),
  );
  expect(kernel.readText("/etc/mine")).toBe("mine");
  expect(kernel.readText("/etc/other")).toBe("theirs");
  expect(warnings).toEqual([
    "file /etc/mine is not made: another one is there, and overwrite is not set",
    "file /etc/folder is not made: a folder is there",
  ]);
});

test("no link of a user's leads root elsewhere", () => {
  const kernel = system();
  kernel.symlink("/etc", "/home/core/out");
  kernel.symlink("/etc/shadow", "/home/core/file");
  const { warnings } = run(
    kernel,
    configOf(
      { path: "/home/core/out/passwd", overwrite: true, contents: { source: "data:,x" } },
      { path: "/home/core/file", overwrite: true, contents: { source: "data:,x" } },
    ),
  );
  expect(warnings).toEqual([
    expect.stringMatching(/^file \/home\/core\/out\/passwd is not made: .*ELOOP/),
  ]);
  expect(kernel.readText("/etc/passwd")).toContain("core:x:1000");
  expect(kernel.readText("/etc/shadow")).toContain("root");
  expect(kernel.lstat("/home/core/file")?.kind).toBe("file");
});

test("the same config changes nothing that somebody changed since; another one does", () => {
  const kernel = system({ disk: true });
  const path = "/home/core/notes";
  const first = configOf({ path, contents: { source: "data:,first" } });
  run(kernel, first);
  kernel.lay({ [path]: "changed" });
  expect(run(kernel, first).message).toContain("1 are as they were left");
  expect(kernel.readText(path)).toBe("changed");
  run(kernel, configOf({ path, contents: { source: "data:,second" } }));
  expect(kernel.readText(path)).toBe("second");
});

test("without a data disk it is all made again", () => {
  const kernel = system();
  const config = configOf({ path: "/home/core/notes", contents: { source: "data:,first" } });
  run(kernel, config);
  kernel.unlink("/home/core/notes");
  run(kernel, config);
  expect(kernel.readText("/home/core/notes")).toBe("first");
});

test.each([
  ["damaged", "{"],
  ["something else", "[1]"],
])("a record of the last config that is %s is as none", (_, record) => {
  const kernel = system({ disk: true });
  kernel.lay({ [applied]: record });
  run(kernel, configOf({ path: "/home/core/notes", contents: { source: "data:,x" } }));
  expect(kernel.readText("/home/core/notes")).toBe("x");
  expect(JSON.parse(kernel.readText(applied))).toMatchObject({ paths: ["/home/core/notes"] });
});

test("a power cut at any moment leaves a run that the next boot makes whole", () => {
  const whole = system({ disk: true });
  run(whole, ofClient);
  for (let steps = 1; steps <= whole.journal.length; steps += 1) {
    const kernel = system({ disk: true });
    const start = kernel.journal.length;
    const real = kernel.journal.push.bind(kernel.journal);
    kernel.journal.push = (...lines) => {
      if (kernel.journal.length - start >= steps) {
        throw new Error("power cut");
      }
      return real(...lines);
    };
    try {
      run(kernel, ofClient);
    } catch (error) {
      expect(error).toEqual(new Error("power cut"));
    }
    kernel.journal.push = real;
    expect(run(kernel, ofClient).warnings, `after ${steps}`).toEqual([]);
    expect(kernel.readText("/etc/containers/podman-machine")).toBe("qemu\n");
    expect(kernel.readText("/home/core/.config/containers/containers.conf")).toContain("netns");
  }
});
