import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import { runOk } from "../harness/run.ts";
import { type Client, image, isWhole } from "./client.ts";
import { onTerminal } from "./on-terminal.ts";

/** Everyday work of podman on this host, through one of the machine's connections. */
export async function podmanWorks(client: Client, connection: string): Promise<void> {
  const { env, folder } = client;
  const argv = (...words: string[]) => ["podman", "--remote", "--connection", connection, ...words];
  const podman: Podman = (...words) => runOk(argv(...words), { env });
  const isRootless = connection !== client.machine;
  const rootless = await podman("info", "--format", "{{.Host.Security.Rootless}}");
  expect(rootless.trim()).toBe(String(isRootless));
  // That the user's podman answers is news; what it then does, other tests see in the guest.
  if (isRootless && !isWhole) {
    return;
  }

  // All that lies in the folder is sent to the machine.
  const context = path.join(folder, "context");
  await mkdir(context, { recursive: true });
  await copyFile(path.join(folder, "busybox"), path.join(context, "busybox"));
  await writeFile(path.join(context, "Containerfile"), containerfile);
  await podman("build", "-q", "-t", image, "-f", path.join(context, "Containerfile"), context);
  await talks(podman, folder);
  const web = ["-d", "--name", "web", "-p", "8080:80", "-v", "kept:/v"];
  await podman("run", ...web, image, "httpd", "-f", "-h", "/www");
  const page = () => fetch(`http://127.0.0.1:${client.published}/`).then((r) => r.text(), String);
  await expect.poll(page).toBe("served\n");
  const typed = await onTerminal(
    argv("exec", "-it", "web", "sh"),
    ["echo ty''ped; cat /v/f; tty; exit 3\r"],
    env,
  );
  expect(typed.text).toContain("typed");
  expect(typed.text).toContain("kept");
  expect(typed.text).toContain("/dev/pts/");
  expect(typed.exitCode).toBe(3);
  await filesAreCopied(podman, folder);
  if (isWhole) {
    await podIsPlayed(podman, folder);
  }
  await podman("rm", "-f", "-t", "0", "-v", "web", "talks");
}

type Podman = (...words: string[]) => Promise<string>;

const containerfile = [
  "FROM scratch",
  "COPY busybox /bin/busybox",
  'RUN ["/bin/busybox", "sh", "-c", "/bin/busybox --install -s /bin && mkdir -p /tmp /www && echo served > /www/index.html"]',
  'CMD ["/bin/sh"]',
  "",
].join("\n");

/** A container that writes to a volume and a share, and whose lines are read as they come. */
async function talks(podman: Podman, folder: string): Promise<void> {
  const inside = "echo kept > /v/f; echo c > /s/by-container; echo 1; sleep 1; echo 2";
  const mounts = ["-v", "kept:/v", "-v", "/mnt/my folder:/s"];
  await podman("run", "-d", "--name", "talks", ...mounts, image, "sh", "-c", inside);
  expect(await podman("logs", "-f", "talks")).toBe("1\n2\n");
  expect(existsSync(path.join(folder, "my folder/by-container"))).toBe(true);
}

async function filesAreCopied(podman: Podman, folder: string): Promise<void> {
  await podman("cp", path.join(folder, "context/Containerfile"), "web:/tmp/copied");
  await podman("cp", "web:/tmp/copied", path.join(folder, "back"));
  expect(await readFile(path.join(folder, "back"), "utf8")).toBe(containerfile);
}

async function podIsPlayed(podman: Podman, folder: string): Promise<void> {
  const pod = path.join(folder, "pod.yaml");
  await writeFile(pod, podYaml);
  await podman("kube", "play", pod);
  await expect.poll(() => podman("logs", "pod-main")).toBe("played\n");
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
