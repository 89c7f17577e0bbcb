// A stand-in for testcontainers/ryuk, whose image is on the Internet: it is told labels over a connection, and removes
// what has them, through Docker's socket, once nobody has been connected for some time.
import { createServer } from "node:net";
import { hostname } from "node:os";
import Docker from "dockerode";

const docker = new Docker({ socketPath: "/var/run/docker.sock" });
const labels = new Set();
const patienceMs = 1000;
let connected = 0;
let leaving;

async function reap() {
  for (const label of labels) {
    const filters = { label: [label] };
    // This container has the label too.
    const others = (await docker.listContainers({ all: true, filters })).filter(
      ({ Id }) => !Id.startsWith(hostname()),
    );
    await Promise.all(
      others.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })),
    );
    const networks = await docker.listNetworks({ filters });
    await Promise.all(networks.map(({ Id }) => docker.getNetwork(Id).remove()));
    console.log(`removed ${others.length} containers, ${networks.length} networks of ${label}`);
  }
  process.exit();
}

await docker.ping();
createServer((connection) => {
  connected += 1;
  clearTimeout(leaving);
  connection.on("data", (data) => {
    for (const line of data.toString().split("\n").filter(Boolean)) {
      labels.add(new URLSearchParams(line.trim()).get("label"));
      connection.write("ACK\n");
    }
  });
  connection.on("error", console.error);
  connection.on("close", () => {
    connected -= 1;
    if (connected === 0) {
      leaving = setTimeout(reap, patienceMs);
    }
  });
}).listen(8080, () => console.log("Started"));
