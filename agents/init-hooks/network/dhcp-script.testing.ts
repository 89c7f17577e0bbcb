import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const script = new URL("../../../image/tree/usr/share/udhcpc/default.script", import.meta.url);

/** udhcpc's script, run by sh as on events of an interface; what it would call `ip` for is only written down. */
export class DhcpScript {
  readonly #folder = mkdtempSync(join(tmpdir(), "dhcp-script-"));
  readonly #text: string;

  /** `interfaceName` has that MTU. */
  constructor(
    readonly interfaceName: string,
    mtu = 1500,
  ) {
    const folders = /\/(run|sys|etc)\//g;
    const words = readFileSync(script, "utf8").replace(folders, `${this.#folder}/$1/`);
    this.#text = `${ipInItsPlace(this.#folder)}\n${words}`;
    for (const name of ["run", "etc", `sys/class/net/${interfaceName}`]) {
      mkdirSync(join(this.#folder, name), { recursive: true });
    }
    this.mtu = mtu;
    writeFileSync(join(this.#folder, "sys/class/net", interfaceName, "ifindex"), "2\n");
  }

  /** An event, with what the server has sent; gives the calls of ip, their words joined by spaces. */
  run(event: string, answer: Readonly<Record<string, string>> = {}): string[] {
    const calls = join(this.#folder, "calls");
    writeFileSync(calls, "");
    const { status, stderr } = spawnSync("sh", ["-c", this.#text, "default.script", event], {
      env: { interface: this.interfaceName, ...answer },
      cwd: this.#folder,
      encoding: "utf8",
      timeout: 60_000,
    });
    if (status !== 0) {
      throw new Error(`default.script ${event} ended with ${status}: ${stderr}`);
    }
    return readFileSync(calls, "utf8").split("\n").slice(0, -1);
  }

  /** What ip shows of the interface, as of `ip -4 route list` or `ip -4 -o addr show`. */
  show(what: "route" | "addr", lines: readonly string[]): void {
    writeFileSync(join(this.#folder, `shown-${what}`), lines.map((line) => `${line}\n`).join(""));
  }

  /** What it wrote down of the answer; undefined when it has taken that away. */
  lease(): string | undefined {
    const path = join(this.#folder, "run/network", `${this.interfaceName}.dhcp`);
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  }

  get mtu(): number {
    return Number(readFileSync(this.#mtuPath, "utf8"));
  }

  set mtu(value: number) {
    writeFileSync(this.#mtuPath, `${value}\n`);
  }

  /** Names of all files and folders that there are. */
  files(): string[] {
    return readdirSync(this.#folder, { recursive: true, encoding: "utf8" });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #mtuPath(): string {
    return join(this.#folder, "sys/class/net", this.interfaceName, "mtu");
  }
}

/** A function, which sh prefers to a program. Deleting a route fails, as it does when there is none. */
function ipInItsPlace(folder: string): string {
  return `ip() {
  printf '%s ' "$@" >>'${folder}/calls'
  echo >>'${folder}/calls'
  case "$*" in
    "-4 route list"*) cat '${folder}/shown-route' ;;
    "-4 -o addr show"*) cat '${folder}/shown-addr' ;;
  esac
  [ "$1 $2 $4" = "link set mtu" ] && echo "$5" >"${folder}/sys/class/net/$3/mtu"
  [ "$1 $2" != "route del" ]
}`;
}
