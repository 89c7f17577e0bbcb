// Testcontainers: each way of waiting, copies, networks, builds, compose.
import assert from "node:assert/strict";
import { DockerComposeEnvironment, GenericContainer, Network, Wait } from "testcontainers";

const image = process.env.IMAGE;
const serve = ["httpd", "-f", "-p", "80", "-h", "/etc"];
const pageOf = async (container, path = "alpine-release") =>
  (await fetch(`http://${container.getHost()}:${container.getMappedPort(80)}/${path}`)).text();

const waits = {
  health: Wait.forHealthCheck(),
  http: Wait.forHttp("/alpine-release", 80),
  port: Wait.forListeningPorts(),
  log: Wait.forLogMessage(/serving/),
  command: Wait.forSuccessfulCommand("wget -qO- http://127.0.0.1/alpine-release"),
  all: Wait.forAll([Wait.forHealthCheck(), Wait.forListeningPorts()]),
};
for (const [name, wait] of Object.entries(waits)) {
  const container = await new GenericContainer(image)
    .withCommand(["sh", "-c", `sleep 1; echo serving; exec ${serve.join(" ")}`])
    .withExposedPorts(80)
    .withHealthCheck({
      test: ["CMD-SHELL", "wget -qO- http://127.0.0.1/alpine-release"],
      interval: 1000,
      retries: 30,
    })
    .withWaitStrategy(wait)
    .withStartupTimeout(300_000)
    .start();
  assert.notEqual(await pageOf(container), "", name);
  await container.stop();
}
const once = await new GenericContainer(image)
  .withCommand(["true"])
  .withWaitStrategy(Wait.forOneShotStartup())
  .start();
await once.stop();
await assert.rejects(
  new GenericContainer(image)
    .withCommand(["top"])
    .withHealthCheck({ test: ["CMD", "false"], interval: 1000, retries: 1 })
    .withWaitStrategy(Wait.forHealthCheck())
    .start(),
  /unhealthy|health/i,
);

// What is given to a container, and what is asked of it.
const network = await new Network().start();
const web = await new GenericContainer(image)
  .withNetwork(network)
  .withNetworkAliases("site")
  .withCopyContentToContainer([{ content: "copied\n", target: "/www/copied" }])
  .withEnvironment({ WORD: "hello" })
  .withTmpFs({ "/scratch": "rw,size=1m" })
  .withResourcesQuota({})
  .withCommand(["httpd", "-f", "-p", "80", "-h", "/www"])
  .withExposedPorts(80)
  .start();
assert.equal(await pageOf(web, "copied"), "copied\n");
const { exitCode, output } = await web.exec([
  "sh",
  "-c",
  "echo $WORD; df /scratch | grep -c tmpfs; exit 5",
]);
assert.deepEqual([exitCode, output], [5, "hello\n1\n"]);
const other = await new GenericContainer(image).withNetwork(network).withCommand(["top"]).start();
assert.equal((await other.exec(["wget", "-qO-", "http://site/copied"])).output, "copied\n");
await web.restart();
assert.equal(await pageOf(web, "copied"), "copied\n");
await other.stop();
await web.stop();
await network.stop();

const built = await GenericContainer.fromDockerfile("context")
  .withBuildArgs({ A: "b" })
  .build("made/by-tests:1");
const fromBuilt = await built.withExposedPorts(80).start();
assert.equal((await fromBuilt.exec(["cat", "/built"])).output, "built\n");
await fromBuilt.stop();

const compose = await new DockerComposeEnvironment("compose", "compose.yaml")
  .withWaitStrategy("db-1", Wait.forHealthCheck())
  .up();
assert.equal(
  await pageOf(compose.getContainer("web-1")),
  await pageOf(compose.getContainer("web-1")),
);
assert.equal((await compose.getContainer("db-1").exec(["cat", "/ready"])).exitCode, 0);
await compose.down({ removeVolumes: true });
