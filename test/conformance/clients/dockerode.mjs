// dockerode: builds, streams in both directions, exec, copies, events, statistics, networks, volumes.
import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import Docker from "dockerode";
import tar from "tar-fs";

const docker = new Docker(); // by DOCKER_HOST
const image = process.env.IMAGE;

assert.equal((await docker.ping()).toString(), "OK");
assert.match((await docker.version()).ApiVersion, /^1\.\d+$/);
assert.equal((await docker.info()).OSType, "linux");

// A build, its steps as they come.
const build = await docker.buildImage(tar.pack("context"), {
  t: "built",
  labels: { made: "here" },
});
const steps = await new Promise((resolve, reject) => {
  docker.modem.followProgress(build, (error, output) => (error ? reject(error) : resolve(output)));
});
assert.ok(steps.some(({ stream }) => /FROM/.test(stream ?? "")));
assert.equal((await docker.getImage("built").inspect()).Config.Labels.made, "here");
const failing = await docker.buildImage(tar.pack("failing"), { t: "never" });
await assert.rejects(
  new Promise((resolve, reject) => {
    docker.modem.followProgress(failing, (error, output) => {
      const failed = output?.find((line) => line.error);
      return error || failed ? reject(error ?? new Error(failed.error)) : resolve(output);
    });
  }),
);

// What is typed into a container comes out of it, on the stream that it was written to. dockerode sends its options as a
// body, which Podman takes for what is typed first: an empty body instead.
const cat = await docker.createContainer({
  Image: image,
  Cmd: ["sh", "-c", "read line; echo out $line; echo err $line >&2; exit 3"],
  OpenStdin: true,
  StdinOnce: true,
});
const streams = { stream: true, stdin: true, stdout: true, stderr: true };
const attached = await new Promise((resolve, reject) => {
  const path = `/containers/${cat.id}/attach?`;
  const statusCodes = { 101: true, 200: true };
  const how = { method: "POST", isStream: true, hijack: true, openStdin: true, statusCodes };
  docker.modem.dial({ ...how, path, options: streams, file: Buffer.alloc(0) }, (error, stream) =>
    error ? reject(error) : resolve(stream),
  );
});
const [out, err] = [new PassThrough(), new PassThrough()];
docker.modem.demuxStream(attached, out, err);
attached.on("end", () => [out, err].map((stream) => stream.end()));
await cat.start();
attached.write("typed\n");
assert.equal((await cat.wait()).StatusCode, 3);
assert.equal(await text(out), "out typed\n");
assert.equal(await text(err), "err typed\n");
await cat.remove();

// A service with a port, a health check, an alias in a network, a volume, a limit.
const network = await docker.createNetwork({ Name: "inner", Labels: { made: "here" } });
await docker.createVolume({ Name: "pages" });
const events = await docker.getEvents({
  filters: { type: ["container"], event: ["start", "die"] },
});
const told = new Map();
events.on("data", (data) => {
  for (const line of data.toString().trim().split("\n")) {
    const { Action, Actor } = JSON.parse(line);
    told.set(`${Action} ${Actor.Attributes.name}`, true);
    events.emit("told");
  }
});
const web = await docker.createContainer({
  name: "web",
  Image: "built",
  ExposedPorts: { "80/tcp": {} },
  Healthcheck: { Test: ["CMD", "wget", "-qO-", "http://127.0.0.1/"], Interval: 1e9, Retries: 30 },
  HostConfig: {
    PortBindings: { "80/tcp": [{ HostPort: "" }] },
    Mounts: [{ Type: "volume", Source: "pages", Target: "/www" }],
    RestartPolicy: { Name: "on-failure", MaximumRetryCount: 2 },
    NetworkMode: "inner",
  },
  NetworkingConfig: { EndpointsConfig: { inner: { Aliases: ["site"] } } },
});
await web.putArchive(tar.pack("www"), { path: "/www" });
await web.start();
while ((await web.inspect()).State.Health.Status !== "healthy") {
  await new Promise((resolve) => setTimeout(resolve, 200));
}
const { NetworkSettings } = await web.inspect();
const [{ HostPort }] = NetworkSettings.Ports["80/tcp"];
assert.equal(await (await fetch(`http://127.0.0.1:${HostPort}/`)).text(), "page\n");
const [, status] = await Promise.all([
  docker.run(image, ["wget", "-qO-", "http://site/"], new PassThrough().resume(), {
    HostConfig: { AutoRemove: true, NetworkMode: "inner" },
  }),
  web.stats({ stream: false }),
]);
assert.ok(status.memory_stats !== undefined);

// exec: exit status, streams, a terminal of some size.
const exec = await web.exec({ Cmd: ["sh", "-c", "cat /built; exit 4"], AttachStdout: true });
const running = await exec.start({});
const said = new PassThrough();
docker.modem.demuxStream(running, said, said);
running.on("end", () => said.end());
assert.equal(await text(said), "built\n");
assert.equal((await exec.inspect()).ExitCode, 4);
const shell = await web.exec({
  Cmd: ["sh", "-c", "tty; read x; stty size"],
  AttachStdin: true,
  AttachStdout: true,
  Tty: true,
});
const terminal = await shell.start({ hijack: true, stdin: true });
// Done, and answered with 201, as Docker once did; dockerode knows 200 only.
await assert.rejects(shell.resize({ h: 33, w: 99 }), { statusCode: 201 });
terminal.write("\n");
assert.match(await text(terminal), /\/dev\/pts\/\d+[\s\S]*33 99/);

// Logs that are followed end with the container.
const logs = await web.logs({ follow: true, stdout: true, stderr: true });
const archive = await text(await web.getArchive({ path: "/www/index.html" }));
assert.ok(archive.includes("page\n"));
await Promise.all([once(logs.resume(), "end"), web.stop({ t: 1 })]);
while (!told.has("die web")) {
  await once(events, "told");
}
assert.ok(told.has("start web"));
events.destroy();

// Images: commit, save, load, history.
await web.commit({ repo: "kept", tag: "1" });
const saved = await docker.getImage("kept:1").get();
await docker.getImage("kept:1").remove();
await new Promise((resolve, reject) => {
  docker
    .loadImage(saved)
    .then(
      (stream) => docker.modem.followProgress(stream, (e) => (e ? reject(e) : resolve())),
      reject,
    );
});
assert.ok((await docker.getImage("kept:1").history()).length > 1);

// What isn't there is 404; a name that is taken is said, with 500 where Docker has 409.
await assert.rejects(docker.getContainer("nobody").inspect(), { statusCode: 404 });
await assert.rejects(docker.createContainer({ name: "web", Image: image }), /already in use/);
await web.remove({ v: true });
await network.remove();
await docker.getVolume("pages").remove();
assert.deepEqual(await docker.listContainers({ all: true }), []);
