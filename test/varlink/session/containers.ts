import assert from "node:assert/strict";
import { command, create, exec, frames, image, type Parts, run, runDetached } from "./commands.ts";

/** Containers that are run, seen and typed to. */
export const containersParts: Parts = {
  async "version, info, ps, images"() {
    await command(async (client) => {
      const version = await client.call("GetVersion");
      assert.match(version.version, /^5\./);
      assert.match(version.os_arch, /^linux\//);
      assert.ok(!Number.isNaN(Date.parse(version.built)));
      const { info } = await client.call("GetInfo");
      assert.equal(info.podman.podman_version, version.version);
      assert.ok(info.host.cpus > 0 && info.host.mem_total > 0);
      assert.deepEqual(await client.call("Ps", { opts: { all: true } }), { containers: [] });
      const { images } = await client.call("ListImages");
      assert.deepEqual(images[0].repoTags, [image]);
    });
  },

  async "run: exit status, both outputs, standard input, a terminal with its size"() {
    const one = await run("one", ["sh", "-c", "echo out; echo err >&2; exit 7"]);
    assert.deepEqual(one, { terminal: false, out: "out\n", err: "err\n", status: 7 });
    const two = await run("two", ["cat"], { interactive: true }, (client) => {
      client.sendFrame(frames.input, "hel");
      client.sendFrame(frames.input, "lo\n");
      client.sendFrame(frames.hangUp, "");
      return () => undefined;
    });
    assert.deepEqual(two, { terminal: false, out: "hello\n", err: "", status: 0 });
    let asked = 0;
    const sized = ["sh", "-c", 'while :; do stty size; read x; [ "$x" = end ] && exit 3; done'];
    const three = await run("three", sized, { interactive: true, tty: true }, (client) => {
      client.sendFrame(frames.resize, JSON.stringify({ Width: 91, Height: 27 }));
      return (soFar) => {
        if (/27 91/.test(soFar) && asked >= 0) {
          asked = -1;
          client.sendFrame(frames.input, "end\n");
        } else if (asked >= 0 && soFar.match(/stty: |\d+ \d+/g)?.length === asked + 1) {
          asked += 1;
          client.sendFrame(frames.input, "again\n");
        }
      };
    });
    assert.equal(three.terminal, true);
    assert.equal(three.status, 3);
    const failed = await command(async (client) => {
      const parameters = create("bad", ["/nowhere"]);
      const { container } = await client.call("CreateContainer", parameters);
      client.send("Attach", { name: container, detachKeys: "", start: true }, { upgrade: true });
      return await client.next("Attach");
    });
    // Before {}: afterwards the client reads frames alone.
    assert.equal(failed.error, "io.podman.ErrorOccurred");
  },

  async "run -d, exec, logs, top, attach and detach"() {
    const container = await runDetached("web", ["sh", "-c", "echo started; exec top -b -d 100"], {
      publish: ["18080:80"],
      volume: ["data:/data"],
      env: ["A=b c"],
      hostname: "inside",
      label: ["who=me"],
    });
    const ran = await exec("web", ["sh", "-c", "echo $A on $(hostname); echo bad >&2; exit 5"]);
    assert.deepEqual(ran, { out: "b c on inside\n", err: "bad\n", status: 5 });
    assert.deepEqual(await exec("web", ["cat"], {}, "typed\n"), {
      out: "typed\n",
      err: "",
      status: 0,
    });
    assert.equal((await exec("web", ["id", "-u"], { tty: true, user: "1000" })).out, "1000\r\n");
    const [nobody, stopped] = await command(async (client) => [
      await client.ask("ExecContainer", { opts: { name: "web", cmd: ["true"] } }),
      await client.ask("ExecContainer", { opts: { name: "one", cmd: ["true"] } }),
    ]);
    assert.equal(nobody?.error, "io.podman.ErrorOccurred");
    assert.equal(stopped?.error, "io.podman.ErrorOccurred");
    await command(async (client) => {
      const logs = {
        names: ["web"],
        follow: true,
        latest: false,
        since: "",
        tail: -1,
        timestamps: false,
      };
      client.send("GetContainersLogs", logs, { more: true });
      const first = await client.next("GetContainersLogs");
      const { log } = first.parameters as { log: Record<string, string> };
      assert.equal(first.continues, true);
      assert.equal(log.msg, "started");
      assert.equal(log.device, "stdout");
      assert.equal(log.cid, container);
      assert.ok(!Number.isNaN(Date.parse(log.time ?? "")));
    });
    await command(async (client) => {
      const { containers } = await client.call("Ps", { opts: { all: false } });
      assert.equal(containers.length, 1);
      const [web] = containers;
      assert.equal(web.id, container.slice(0, 12));
      assert.match(web.status, /^Up /);
      assert.equal(web.ports, "0.0.0.0:18080->80/tcp");
      const { top } = await client.call("Top", { nameOrID: "web", descriptors: [] });
      assert.match(top[1], /top -b/);
      for (const [method, state] of [["ContainerStateData", 3]] as const) {
        const { config } = await client.call(method, { name: "web" });
        assert.equal(JSON.parse(config).state, state);
      }
      const { config } = await client.call("ContainerInspectData", { name: "web", size: false });
      const inspected = JSON.parse(config);
      assert.equal(inspected.Id, container);
      assert.ok(Array.isArray(inspected.NetworkSettings.Ports));
      assert.equal(typeof inspected.Config.StopSignal, "number");
      assert.equal(typeof inspected.Config.Entrypoint, "string");
      const { config: own } = await client.call("ContainerConfig", { name: "web" });
      assert.equal(JSON.parse(own).spec.process.terminal, false);
    });
    await command(async (client) => {
      const detachKeys = "ctrl-q";
      const { container: id } = await client.call(
        "CreateContainer",
        create("shell", ["sh"], { tty: true, interactive: true }),
      );
      await client.call("Attach", { name: id, detachKeys, start: true }, { upgrade: true });
      client.sendFrame(frames.input, Buffer.from([0x11]));
      assert.equal((await client.toEnd()).status, 0);
    });
  },
};
