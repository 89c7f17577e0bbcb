import { describe, expect, test } from "vitest";
import { loadedPath } from "../../extensions/places.ts";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { openManager } from "../run/manager.ts";
import { hasExtensionUnits, readExtensionUnits } from "./extension-units.ts";

const units = "usr/lib/systemd/system";
const service = "[Service]\nType=notify\nExecStart=/usr/bin/web\n";

const groupFolder = (name: string) =>
  `/sys/fs/cgroup/services/${name.replace(/^[a-z]+/, "$&.service")}`;

/** A kernel with those extensions loaded, in this order: their files by name. */
function withExtensions(extensions: Record<string, Record<string, string | null>>): FakeKernel {
  const kernel = new FakeKernel();
  const loaded = Object.keys(extensions).map((name) => ({ name, root: `/run/ext/${name}` }));
  kernel.lay({ [loadedPath]: JSON.stringify(loaded) });
  // Groups of services, which nothing is in.
  kernel.lay({ "/sys/fs/cgroup/services/cgroup.controllers": "cpu" });
  for (const group of ["web", "db"].flatMap((one) => [one, `${one}/control`].map(groupFolder))) {
    for (const file of ["procs", "subtree_control", "threads", "kill", "events"]) {
      kernel.lay({ [`${group}/cgroup.${file}`]: file === "events" ? "populated 0\n" : "" });
    }
  }
  kernel.rmdir = () => undefined;
  for (const [name, files] of Object.entries(extensions)) {
    kernel.lay({ [`/run/ext/${name}`]: null });
    for (const [file, text] of Object.entries(files)) {
      kernel.lay({ [`/run/ext/${name}/${units}/${file}`]: text });
    }
  }
  return kernel;
}

describe("systemd's services of an extension", () => {
  test.each<[string, Record<string, string | null>, boolean]>([
    ["a link of a target's wants it", { "multi-user.target.wants/web.service": service }, true],
    ["a link of a target's requires it", { "default.target.requires/web.service": "" }, true],
    [
      "a target's drop-in upholds it",
      { "multi-user.target.d/10-web.conf": "[Unit]\nUpholds=other.service web.service\n" },
      true,
    ],
    ["only its own [Install] names a target", {}, false],
    ["a target that no boot reaches wants it", { "rescue.target.wants/web.service": "" }, false],
    [
      "a file beside the drop-ins names it",
      { "multi-user.target.d/readme": "Upholds: web.service" },
      false,
    ],
    [
      "the drop-in takes it back",
      { "multi-user.target.d/10-web.conf": "[Unit]\nUpholds=web.service\nUpholds=\n" },
      false,
    ],
  ])("are wanted at boot or not where %s", (_, files, isWanted) => {
    const text = `${service}[Install]\nWantedBy=multi-user.target\n`;
    const kernel = withExtensions({ web: { "web.service": text, ...files } });
    expect(hasExtensionUnits(kernel)).toBe(true);
    expect(readExtensionUnits(kernel)).toMatchObject({
      units: [{ name: "web.service", root: "/run/ext/web", isWanted }],
      problems: [],
    });
  });

  test("have their drop-ins behind them, in order", () => {
    const kernel = withExtensions({
      web: {
        "web.service": service,
        "web.service.d/20.conf": "[Service]\nRestart=always\n",
        "web.service.d/10.conf": "[Service]\nRestart=no\n",
        "web.service.d/readme": "no unit",
      },
    });
    const [unit] = readExtensionUnits(kernel).units;
    expect(unit?.text.split("\n").filter((line) => line.startsWith("Restart="))).toEqual([
      "Restart=no",
      "Restart=always",
    ]);
  });

  test("are instances of a template where a target wants them", () => {
    const text = `${service}[Unit]\nDescription=%i\n`;
    const kernel = withExtensions({
      web: { "web@.service": text, "multi-user.target.wants/web@7.service": "" },
    });
    expect(readExtensionUnits(kernel).units).toEqual([
      { name: "web@.service", text: `${text}\n`, root: "/run/ext/web", isWanted: false },
      { name: "web@7.service", text: `${text}\n`, root: "/run/ext/web", isWanted: true },
    ]);
    const manager = openManager(kernel, { name: "root", uid: 0, gid: 0, home: "/root" });
    return manager.reload().then(() => {
      expect(manager.list()).toMatchObject([
        { name: "web@7.service", description: "7", startsAtBoot: true },
      ]);
    });
  });

  test("are the later extension's where two have one of the same name", () => {
    const kernel = withExtensions({
      first: { "web.service": service },
      second: { "web.service": `${service}# mine\n` },
    });
    expect(readExtensionUnits(kernel).units).toMatchObject([{ root: "/run/ext/second" }]);
  });

  test("aren't looked for where there is no folder of units, or other files only", () => {
    expect(hasExtensionUnits(new FakeKernel())).toBe(false);
    const kernel = withExtensions({ web: { "web.socket": "", "../evil.service": "" } });
    expect(hasExtensionUnits(kernel)).toBe(false);
    expect(readExtensionUnits(kernel)).toEqual({ units: [], problems: [] });
  });

  test("that a link leads to are named and left out", () => {
    const kernel = withExtensions({
      web: { "fine.service": service },
      linked: {},
    });
    kernel.lay({ "/run/ext/linked/usr/lib": null });
    kernel.symlink("/etc", "/run/ext/linked/usr/lib/systemd");
    const { units: found, problems } = readExtensionUnits(kernel);
    expect(found.map(({ name }) => name)).toEqual(["fine.service"]);
    expect(problems).toEqual([
      expect.stringMatching(/^the units of the extension linked: /),
      expect.stringMatching(/^the targets of the extension linked: /),
    ]);
  });
});

describe("root's manager", () => {
  const root = { name: "root", uid: 0, gid: 0, home: "/root" };
  const oneshot = (path: string) =>
    `[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStop=${path}\n`;
  const wants = (name: string) => ({ [`multi-user.target.wants/${name}`]: "" });
  const states = (manager: ReturnType<typeof openManager>) =>
    Object.fromEntries(manager.list().map(({ name, state }) => [name, state]));

  test("starts what an extension wants, without Podman's generator, and says what can't be run", async () => {
    const kernel = withExtensions({
      web: {
        "web.service":
          "[Unit]\nAfter=network.target podman.socket\nRequires=podman.socket\n[Service]\n",
        "by-hand.service": "[Service]\n[Install]\nWantedBy=multi-user.target\n",
        "boxed.service": "[Service]\nProtectSystem=full\n",
        "long.service": `[Service]\n${"#".repeat(300_000)}`,
        "needy.service": "[Unit]\nRequires=docker.socket\n[Service]\n",
        ...wants("web.service"),
      },
    });
    const manager = openManager(kernel, root);
    expect(await manager.followExtensions()).toEqual({
      done: ["web.service"],
      failed: [],
      warnings: [],
    });
    expect(kernel.runs).toEqual([]);
    expect(manager.warnings).toEqual([
      expect.stringMatching(/^boxed\.service can't be run here: ProtectSystem=/),
      expect.stringMatching(/^long\.service can't be run here: the unit is longer/),
      expect.stringMatching(/^needy\.service can't be run here: Requires=docker\.socket/),
    ]);
    expect(manager.list().map(({ name, startsAtBoot }) => [name, startsAtBoot])).toEqual([
      ["by-hand.service", false],
      ["web.service", true],
    ]);
    expect(await manager.startAtBoot()).toEqual({ done: [], failed: [], warnings: [] });
  });

  test("stops what is gone with its extension, and starts what was replaced anew", async () => {
    const kernel = withExtensions({
      web: { "web.service": oneshot("/bin/true"), ...wants("web.service") },
      db: { "db.service": oneshot("/bin/true"), ...wants("db.service") },
    });
    kernel.spawn = (argv) => {
      spawned.push(argv.slice(6).join(" "));
      return { pid: 7, exited: Promise.resolve(0), kill: () => undefined };
    };
    const spawned: string[] = [];
    const manager = openManager(kernel, root);
    await manager.followExtensions();
    expect(states(manager)).toEqual({ "web.service": "done", "db.service": "done" });
    expect(await manager.followExtensions()).toMatchObject({ done: [] });
    kernel.lay({
      [loadedPath]: JSON.stringify([{ name: "web", root: "/run/ext/newer" }]),
      [`/run/ext/newer/${units}/web.service`]: oneshot("/bin/newer"),
      [`/run/ext/newer/${units}/multi-user.target.wants/web.service`]: "",
    });
    expect(await manager.followExtensions()).toMatchObject({ done: ["web.service"] });
    expect(states(manager)).toEqual({ "web.service": "done" });
    expect(spawned).toHaveLength(2);
    // One that asks for what can't be done isn't run as the older one was.
    kernel.lay({
      [loadedPath]: JSON.stringify([{ name: "web", root: "/run/ext/newest" }]),
      [`/run/ext/newest/${units}/web.service`]: "[Service]\nProtectHome=yes\n",
      [`/run/ext/newest/${units}/multi-user.target.wants/web.service`]: "",
    });
    expect(await manager.followExtensions()).toMatchObject({ done: [] });
    expect(states(manager)).toEqual({});
    expect(manager.warnings).toEqual([expect.stringMatching(/^web\.service can't be run here: /)]);
  });
});
