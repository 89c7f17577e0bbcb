import assert from "node:assert/strict";
import { command, create, type Parts } from "./commands.ts";

/** Volumes, pods, events, and the end. */
export const othersParts: Parts = {
  async "volumes, pods, kube"() {
    await command(async (client) => {
      const options = { volumeName: "own", driver: "", labels: { a: "b" }, options: {} };
      assert.deepEqual(await client.call("VolumeCreate", { options }), { volumeName: "own" });
      const { volumes } = await client.call("GetVolumes", { args: [], all: true });
      assert.deepEqual(volumes.map((one: { name: string }) => one.name).sort(), ["data", "own"]);
      const { volume } = await client.call("InspectVolume", { name: "own" });
      assert.equal(JSON.parse(volume).Name, "own");
      const none = await client.ask("InspectVolume", { name: "none" });
      assert.equal(none.error, "io.podman.VolumeNotFound");
      const remove = { volumes: ["own", "none"], all: false, force: false };
      const removed = await client.call("VolumeRemove", { options: remove });
      assert.deepEqual(removed.successes, ["own"]);
      assert.match(removed.failures.none, /no such volume|no volume/);
      await client.call("VolumesPrune");
    });
    await command(async (client) => {
      const make = { name: "pod", infra: false, labels: { p: "q" }, share: [], publish: [] };
      const { pod } = await client.call("CreatePod", { create: make });
      await client.call("CreateContainer", create("member", ["top", "-b"], { pod: "pod" }));
      assert.deepEqual(await client.call("StartPod", { name: "pod" }), { pod });
      const { pods } = await client.call("ListPods");
      assert.equal(pods[0].numberofcontainers, "1");
      assert.equal((await client.call("GetPod", { name: "pod" })).pod.id, pod);
      assert.deepEqual(
        await client.call("GetPodsByContext", { all: true, latest: false, args: [] }),
        { pods: [pod] },
      );
      assert.deepEqual(await client.call("GetPodsByStatus", { statuses: ["running"] }), {
        pods: [pod],
      });
      assert.equal(
        JSON.parse((await client.call("InspectPod", { name: "pod" })).pod).Config.name,
        "pod",
      );
      assert.equal(
        JSON.parse((await client.call("PodStateData", { name: "pod" })).config).Config.id,
        pod,
      );
      const { stats } = await client.call("TopPod", { pod: "pod", latest: false, descriptors: [] });
      assert.match(stats[1], /top -b/);
      assert.equal((await client.call("GetPodStats", { name: "pod" })).containers.length, 1);
      const kube = await client.call("GenerateKube", { name: "pod", service: true });
      assert.match(kube.pod.pod, /kind: Pod/);
      assert.match(kube.pod.service, /kind: Service/);
      for (const method of ["PausePod", "UnpausePod"]) {
        const { error } = await client.ask(method, { name: "pod" });
        assert.ok(error === undefined || error.startsWith("io.podman."));
      }
      await client.call("RestartPod", { name: "pod" });
      await client.call("KillPod", { name: "pod", signal: 9 });
      await client.ask("StopPod", { name: "pod", timeout: 0 });
      assert.deepEqual(await client.call("RemovePod", { name: "pod", force: true }), { pod });
      assert.equal((await client.ask("GetPod", { name: "pod" })).error, "io.podman.PodNotFound");
    });
  },

  async events() {
    await command(async (client) => {
      const since = new Date(Date.now() - 3_600_000).toISOString();
      client.send("GetEvents", { filter: ["container=shell"], since, until: "" }, { more: true });
      const seen: string[] = [];
      while (!seen.includes("died")) {
        const { parameters } = await client.next("GetEvents");
        const { events } = parameters as { events: { status: string; name: string } };
        assert.equal(events.name, "shell");
        seen.push(events.status);
      }
      assert.ok(seen.includes("create") && seen.includes("start"), seen.join());
    });
    await command(async (client) => {
      const needsMore = await client.ask("GetEvents", { filter: [], since: "", until: "" });
      assert.equal(needsMore.error, "io.podman.WantsMoreRequired");
    });
  },

  async "what is removed, and what isn't done"() {
    await command(async (client) => {
      const { container } = await client.call("RemoveContainer", {
        name: "web",
        force: true,
        removeVolumes: false,
      });
      assert.match(container, /^[0-9a-f]{64}$/);
      await client.call("EvictContainer", { name: "shell", removeVolumes: true });
      const { containers } = await client.call("DeleteStoppedContainers");
      assert.ok(containers.length >= 3, containers.join());
      await client.call("ImagesPrune", { all: false, filter: [] });
      await client.call("DeleteUnusedImages");
      assert.deepEqual(await client.call("ListImages"), { images: [] });
      const undone = {
        Reset: {},
        AttachControl: { name: "a" },
        ContainerArtifacts: { name: "a", artifactName: "b" },
        ContainerRunlabel: { runlabel: {} },
        CreateFromCC: { in: [] },
        GetLayersMapWithImageInfo: {},
        BuildImageHierarchyMap: { name: "a" },
      };
      for (const [method, parameters] of Object.entries(undone)) {
        const { error } = await client.ask(method, parameters);
        assert.equal(error, "org.varlink.service.MethodNotImplemented", method);
      }
    });
  },
};
