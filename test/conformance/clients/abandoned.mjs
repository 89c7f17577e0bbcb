// A run of tests that is killed while its containers run: cleaning up is left to Testcontainers' reaper.
import { GenericContainer, Network } from "testcontainers";

const network = await new Network().start();
await new GenericContainer(process.env.IMAGE).withNetwork(network).withCommand(["top"]).start();
console.log("started");
process.kill(process.pid, "SIGKILL");
