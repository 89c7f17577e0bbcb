import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import { runOk } from "../harness/run.ts";
import { type Client, image, isWhole } from "./client.ts";
import { onTerminal } from "./on-terminal.ts";

/** Everyday work of podman on this host, through one of the machine's connections. */
export async function podmanWorks(client: Client, connection: string): Promise<void> {
  const { env, folder } = client;
  const argv = (...words: string[]) => ["podman", "--remote", "--connection", connection, ...words];
  const podman: Podman = (...words) => runOk(argv(...words), { env, timeoutMs: 600_000 });
  const isRootless = connection !== client.machine;
  const rootless = await podman("info", "--format", "{{.Host.Security.Rootless}}");
  expect(rootless.trim()).toBe(String(isRootless));
  // That the user's podman answers is news; what it then does, other tests see in the guest.
  if (isRootless && !isWhole) return;

  await writeFile(path.join(folder, "Containerfile"), containerfile);
  await podman("build", "-q", "-t", image, "-f", path.join(folder, "Containerfile"), folder);
  await podman("run", "-d", "--name", "web", "-p", "8080:80", image, "httpd", "-f", "-h", "/www");
  const page = () => fetch(`http://127.0.0.1:${client.published}/`).then((r) => r.text(), String);
  await expect.poll(page, { timeout: 60_000 }).toBe("served\n");
  const typed = await onTerminal(
    argv("exec", "-it", "web", "sh"),
    ["echo ty''ped; tty; exit 3\r"],
    env,
  );
  expect(typed.text).toContain("typed");
  expect(typed.text).toContain("/dev/pts/");
  expect(typed.exitCode).toBe(3);
  await dataIsKept(podman, folder);
  if (isWhole) await podIsPlayed(podman, folder);
  await podman("rm", "-f", "-t", "0", "web");
}

type Podman = (...words: string[]) => Promise<string>;

const containerfile = [
  "FROM scratch",
  "COPY busybox /bin/busybox",
  'RUN ["/bin/busybox", "--install", "-s", "/bin"]',
  "RUN mkdir -p /tmp /www && echo served > /www/index.html",
  'CMD ["/bin/sh"]',
  "",
].join("\n");

/** Volumes, shares, logs as they come, copies. */
async function dataIsKept(podman: Podman, folder: string): Promise<void> {
  const inside = "echo kept > /v/f; echo c > /s/by-container; echo 1; sleep 1; echo 2";
  const mounts = ["-v", "kept:/v", "-v", "/mnt/my folder:/s"];
  await podman("run", "-d", "--name", "talks", ...mounts, image, "sh", "-c", inside);
  expect(await podman("logs", "-f", "talks")).toBe("1\n2\n");
  expect(await podman("run", "--rm", "-v", "kept:/v", image, "cat", "/v/f")).toBe("kept\n");
  expect(existsSync(path.join(folder, "my folder/by-container"))).toBe(true);
  await podman("cp", path.join(folder, "Containerfile"), "web:/tmp/copied");
  await podman("cp", "web:/tmp/copied", path.join(folder, "back"));
  expect(await readFile(path.join(folder, "back"), "utf8")).toBe(containerfile);
  await podman("rm", "-f", "-t", "0", "-v", "talks");
}

async function podIsPlayed(podman: Podman, folder: string): Promise<void> {
  const pod = path.join(folder, "pod.yaml");
  await writeFile(pod, podYaml);
  await podman("kube", "play", pod);
  await expect.poll(() => podman("logs", "pod-main"), { timeout: 60_000 }).toBe("played\n");
  await podman("kube", "down", pod);
}

const podYaml = `apiVersion: v1
kind: Pod
metadata:
  name: pod
spec:
  restartPolicy: Never
  containers:
    - name: main
      image: ${image}:latest
      imagePullPolicy: Never
      command: ["echo", "played"]
`;
