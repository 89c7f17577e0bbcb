import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { command, exec, type Parts } from "./commands.ts";

/** What is done to containers, and what is said of them. */
export const lifecycleParts: Parts = {
  async "lifecycle: what is there, isn't there, and is in another state"() {
    await command(async (client) => {
      const missing = await client.ask("InspectContainer", { name: "nowhere" });
      assert.equal(missing.error, "io.podman.ContainerNotFound");
      assert.deepEqual(await client.call("ContainerExists", { name: "web" }), { exists: 0 });
      assert.deepEqual(await client.call("ContainerExists", { name: "nowhere" }), { exists: 1 });
      const again = await client.ask("StartContainer", { name: "web" });
      assert.equal(again.error, "io.podman.ErrorOccurred");
      const { containers } = await client.call("ListContainers");
      assert.equal(containers.length, 6);
      const { container } = await client.call("GetContainer", { id: "web" });
      assert.equal(container.mounts[0].destination, "/data");
      assert.equal(container.labels.who, "me");
      const { containerS } = await client.call("GetContainersByStatus", { status: ["running"] });
      assert.equal(containerS.length, 2);
      const byName = { all: false, latest: false, args: ["web"] };
      assert.deepEqual(await client.call("GetContainersByContext", byName), {
        containers: [container.id],
      });
      const all = await client.call("GetContainersByContext", {
        all: true,
        latest: false,
        args: [],
      });
      assert.equal(all.containers.length, 6);
      const { container: lines } = await client.call("ListContainerProcesses", {
        name: "web",
        opts: [],
      });
      assert.match(lines[0], /^USER\tPID/);
      const { container: logs } = await client.call("GetContainerLogs", { name: "web" });
      assert.equal(logs[0], "started\n");
      await exec("web", ["touch", "/new"]);
      const { container: changes } = await client.call("ListContainerChanges", { name: "web" });
      assert.ok(changes.added.includes("/new"));
      const { diffs } = await client.call("Diff", { name: "web" });
      assert.ok(
        diffs.some(
          (one: { path: string; changeType: string }) =>
            one.path === "/new" && one.changeType === "A",
        ),
      );
      const { sockets } = await client.call("GetAttachSockets", { name: "web" });
      assert.ok(existsSync(sockets.control_socket), sockets.control_socket);
      const { container: stats } = await client.call("GetContainerStats", { name: "web" });
      assert.equal(stats.name, "web");
      const { container: later } = await client.call("GetContainerStatsWithHistory", {
        previousStats: stats,
      });
      assert.ok(later.system_nano >= stats.system_nano && later.cpu >= 0);
      const idle = await client.ask("GetContainerStats", { name: "one" });
      assert.equal(idle.error, "io.podman.NoContainerRunning");
      const { mounts } = await client.call("ListContainerMounts");
      assert.ok(Object.keys(mounts).length >= 0);
      for (const method of ["PauseContainer", "UnpauseContainer"]) {
        // Without control groups of its own a host can pause nothing; Podman says so itself.
        const { error } = await client.ask(method, { name: "web" });
        assert.ok(error === undefined || error.startsWith("io.podman."));
      }
      const restarted = await client.call("RestartContainer", { name: "shell", timeout: 0 });
      assert.match(restarted.container, /^[0-9a-f]{64}$/);
      await client.call("KillContainer", { name: "shell", signal: 9 });
      assert.deepEqual(await client.call("WaitContainer", { name: "shell", interval: 0 }), {
        exitcode: 137,
      });
      await client.call("InitContainer", { name: "shell" });
      await client.call("StartContainer", { name: "shell" });
      await client.call("StopContainer", { name: "shell", timeout: 0 });
      const stopped = await client.ask("StopContainer", { name: "shell", timeout: 0 });
      assert.equal(stopped.error, "io.podman.ErrCtrStopped");
      const health = await client.ask("HealthCheckRun", { nameOrID: "shell" });
      assert.equal(health.error, "io.podman.ErrorOccurred");
      for (const method of ["ContainerCheckpoint", "ContainerRestore"]) {
        const { error } = await client.ask(method, { name: "shell" });
        assert.ok(error?.startsWith("io.podman."), error);
      }
      const mounted = await client.ask("MountContainer", { name: "shell" });
      assert.ok(mounted.error === undefined || mounted.error === "io.podman.ErrorOccurred");
      await client.ask("UnmountContainer", { name: "shell", force: false });
    });
  },
};
