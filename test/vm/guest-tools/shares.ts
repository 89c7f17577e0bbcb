import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import { busyboxImage } from "../harness/container-image.ts";
import { eventually } from "../harness/eventually.ts";
import { test } from "./given.ts";

/** Folders of the host, as they are found at the boot, plugged in later, and taken away. */
export function shareTests(): void {
  test("mounts shares of virtiofs by their tags and of 9p where the boot option says", async ({
    given: { machine, scratch },
  }) => {
    expect(await machine.guest("cat /Users/file src/file")).toBe("of users\nof src");
    await machine.root("echo from the guest > /Users/reply");
    expect(await readFile(path.join(scratch, "users/reply"), "utf8")).toBe("from the guest\n");
    const refused = await machine.ssh("touch /home/tc/src/x", { user: "root" });
    expect(refused.stderr).toMatch(/Read-only file system/);
  });

  test("gives shares to containers", async ({ given: { machine } }) => {
    const volumes = "-v /Users:/data -v /home/tc/src:/src:ro";
    expect(
      await machine.root(
        `podman run --rm --network none ${volumes} ${busyboxImage} cat /data/file /src/file`,
      ),
    ).toBe("of users\nof src");
  });

  test("reports a share with a bad name and one that isn't there, and boots all the same", async ({
    given: { machine },
  }) => {
    const status = await machine.guest("boot2podman status");
    expect(status).toMatch(/^shares +failed .*share "gone" for \/gone isn't offered/m);
    expect(status).toMatch(
      /9p share "\.\.\/\.\.\/etc\/bad" is not mounted: it has the part "\.\."/,
    );
    expect(status).toMatch(/^ready +ok/m);
    expect(await machine.guest("ls -d /gone /etc/bad 2>/dev/null | wc -l")).toBe("0");
  });

  test("mounts a shared folder that is plugged in later", async ({ given: { machine } }) => {
    const monitor = await machine.monitor();
    const device = { driver: "virtio-9p-pci", fsdev: "late", mount_tag: "later", bus: "slot3" };
    await monitor.execute("device_add", device);
    monitor.close();
    await eventually(
      () => machine.guest("cat /later/file 2>/dev/null || true"),
      (said) => said === "of late",
    );
  });

  test("lives on when the host takes a shared folder away", async ({
    given: { machine, scratch },
  }) => {
    await rm(path.join(scratch, "src"), { recursive: true });
    const gone = await machine.ssh("timeout 20 cat /home/tc/src/file");
    expect(gone.exitCode).toBe(1);
    expect(gone.stderr).toMatch(/No such file|Stale file handle/);
    expect(await machine.guest("cat /Users/file")).toBe("of users");
  });
}
