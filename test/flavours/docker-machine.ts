import { readFile } from "node:fs/promises";
import path from "node:path";
import { runOk } from "../vm/harness/run.ts";

/** Files of an authority, of a server's certificate for 127.0.0.1, and of a client's, as docker-machine makes them. */
export interface Certificates {
  ca: string;
  server: string;
  serverKey: string;
  client: string;
  clientKey: string;
}

/** Makes an authority with a server's and a client's certificate in a folder. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const file = (name: string) => path.join(folder, `${name}.pem`);
  const make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"];
  const subject = (name: string) => ["-subj", `/O=test/CN=${name}`];
  const authority = ["-keyout", file("ca-key"), "-out", file("ca")];
  await runOk([...make, ...subject("authority"), ...authority]);
  for (const [name, extension] of [
    ["server", "subjectAltName=IP:127.0.0.1,DNS:localhost"],
    ["client", "extendedKeyUsage=clientAuth"],
  ] as const) {
    const signed = ["-CA", file("ca"), "-CAkey", file("ca-key"), "-addext", extension];
    const written = ["-keyout", file(`${name}-key`), "-out", file(name)];
    const plain = ["-addext", "basicConstraints=critical,CA:FALSE"];
    await runOk([...make, ...subject(name), ...signed, ...plain, ...written]);
  }
  return {
    ca: file("ca"),
    server: file("server"),
    serverKey: file("server-key"),
    client: file("client"),
    clientKey: file("client-key"),
  };
}

const isListening = /:2376\s+.*:.*/;

/**
 * What docker-machine does over SSH with a boot2docker guest, command by command in its order
 * (libmachine/provision/boot2docker.go, utils.go). `ssh` runs one as the user docker and gives its output.
 */
export async function provision(
  ssh: (command: string) => Promise<string>,
  name: string,
  certificates: Certificates,
): Promise<{ osRelease: string }> {
  const waitForDocker = async () => {
    const netstat = "if ! type netstat 1>/dev/null; then ss -tln; else netstat -tln; fi";
    while (!isListening.test(await ssh(netstat))) {
      await new Promise((resolve) => setTimeout(resolve, 3000));
    }
  };
  await ssh("exit 0");
  const osRelease = await ssh("cat /etc/os-release");
  await ssh(
    `sudo /usr/bin/sethostname ${name} && echo "${name}" | sudo tee /var/lib/boot2docker/etc/hostname`,
  );
  await waitForDocker();
  await ssh("sudo mkdir -p /var/lib/boot2docker");
  await ssh("sudo /etc/init.d/docker stop");
  await ssh('if [ ! -z "$(ip link show docker0)" ]; then sudo ip link delete docker0; fi');
  for (const [file, target] of [
    [certificates.ca, "ca.pem"],
    [certificates.server, "server.pem"],
    [certificates.serverKey, "server-key.pem"],
  ] as const) {
    const text = await readFile(file, "utf8");
    await ssh(`printf '%s' '${text}' | sudo tee /var/lib/boot2docker/${target}`);
  }
  const profile = `
EXTRA_ARGS='
--label provider=qemu

'
CACERT=/var/lib/boot2docker/ca.pem
DOCKER_HOST='-H tcp://0.0.0.0:2376'
DOCKER_STORAGE=overlay2
DOCKER_TLS=auto
SERVERKEY=/var/lib/boot2docker/server-key.pem
SERVERCERT=/var/lib/boot2docker/server.pem

`;
  await ssh(
    `sudo mkdir -p /var/lib/boot2docker && printf %s "${profile}" | sudo tee /var/lib/boot2docker/profile`,
  );
  await ssh("sudo /etc/init.d/docker start");
  await waitForDocker();
  return { osRelease };
}
