import { describe, expect, test, vi } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import type { ContainerEvent } from "./container-event.ts";
import { followEvents } from "./follow-events.ts";

const root = { name: "root", uid: 0, gid: 0, home: "/root" };
const tc = { name: "tc", uid: 1000, gid: 50, home: "/home/tc" };
const id = "b".repeat(64);
const line = (status: string, name = "web") =>
  `${JSON.stringify({ ID: id, Image: "x", Name: name, Status: status, Type: "container" })}\n`;
const image = `${JSON.stringify({ ID: id, Name: "x", Status: "pull", Type: "image" })}\n`;
const folder = "/run/libpod/events";
const path = `${folder}/events.log`;

function followed(kernel: FakeKernel, owner = root) {
  const seen: string[] = [];
  const subscription = followEvents(kernel, owner, (events: ContainerEvent[]) => {
    seen.push(...events.map(({ name, status }) => `${name} ${status}`));
  });
  const sees = (expected: string[]) =>
    vi.waitFor(() => expect(seen).toEqual(expected), { timeout: 60_000 });
  return { seen, sees, subscription };
}

describe("Podman's events", () => {
  test("are read from the start, then as they come", async () => {
    const kernel = new FakeKernel().lay({ [path]: line("create") + image + line("start") });
    const { sees } = followed(kernel);
    await sees(["web create", "web start"]);
    kernel.append(path, line("died").slice(0, 30));
    kernel.emitChange(folder);
    kernel.append(path, line("died").slice(30));
    kernel.emitChange(folder);
    await sees(["web create", "web start", "web died"]);
  });

  test("are found when Podman makes its folder later", async () => {
    const kernel = new FakeKernel().lay({ "/run": null });
    const { sees } = followed(kernel);
    kernel.lay({ [path]: line("start") });
    kernel.emitChange("/run");
    await sees(["web start"]);
  });

  test("are read to the end of the old file and from the start of the new one when Podman shortens it", async () => {
    const kernel = new FakeKernel().lay({ [path]: line("start") });
    const { sees } = followed(kernel);
    await sees(["web start"]);
    kernel.append(path, line("died"));
    kernel.lay({ [`${folder}/new`]: line("died") + line("remove") });
    kernel.rename(`${folder}/new`, path);
    kernel.emitChange(folder);
    await sees(["web start", "web died", "web died", "web remove"]);
  });

  test("may be anything: what is no event is left out", async () => {
    const kernel = new FakeKernel().lay({
      [path]: `{"Type":"container"\n"x"\n[]\n{"Type":"container","ID":"../../x","Status":"start"}\n${"x".repeat(200_000)}\n${line("start")}`,
    });
    const { sees } = followed(kernel);
    await sees(["web start"]);
  });

  test("of the user aren't read through a link", async () => {
    const kernel = new FakeKernel().lay({
      "/run/user/1000/libpod/tmp": null,
      [path]: line("start"),
    });
    kernel.symlink(folder, "/run/user/1000/libpod/tmp/events");
    const { seen, subscription } = followed(kernel, tc);
    kernel.emitChange("/run/user/1000/libpod/tmp");
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(seen).toEqual([]);
    subscription.close();
  });
});
