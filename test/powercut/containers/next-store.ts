import { stat } from "node:fs/promises";
import path from "node:path";
import { checkStore } from "../../../agents/containers/check/check-store.ts";
import type { Kernel } from "../../../agents/kernel/kernel.ts";
import { linuxKernel } from "../../../agents/kernel/linux/linux-kernel.ts";
import { run, runOk } from "../../vm/harness/run.ts";
import { asUser, type ImageRoot, layUser } from "./image-root.ts";
import type { Operation } from "./operations.ts";

const root = { name: "root", uid: 0, gid: 0, home: "/root" };
const user = { name: "tc", uid: 1000, gid: 50, home: "/home/tc" };

/** Where the two stores lie on a data disk. */
const stores = [
  { owner: root, below: "var/lib/containers/storage" },
  { owner: user, below: "local/share/containers/storage" },
];

/** All that is on the disk is from an earlier boot. */
const nextBoot: Kernel = { ...linuxKernel, uptimeMs: () => 0 };

export interface StoreOutcome {
  faults: string[];
  /** Lines of what is listed: "image localhost/a:latest". */
  listed: string[];
}

/** What doesn't work of what Podman lists on a disk after a cut, and what isn't listed of all that `written` make. */
export async function tryStores(
  imageRoot: ImageRoot,
  file: string,
  dataOffsetBytes: number,
  written: readonly Operation[],
): Promise<StoreOutcome> {
  // Not by "file?offset=": e2fsck doesn't find the filesystem again once it has replayed the journal.
  const offset = ["--offset", String(dataOffsetBytes)];
  const node = (await runOk(["losetup", "--find", "--show", ...offset, file])).trim();
  try {
    return await tryFilesystem(imageRoot, node, written);
  } finally {
    await runOk(["losetup", "--detach", node]);
  }
}

async function tryFilesystem(
  imageRoot: ImageRoot,
  node: string,
  written: readonly Operation[],
): Promise<StoreOutcome> {
  const check = await run(["e2fsck", "-p", node]);
  if (check.exitCode > 1) {
    return { faults: [`e2fsck: ${check.stdout}`], listed: [] };
  }
  const faults: string[] = [];
  const said = await imageRoot.over(node, forBoth, async (disk) => {
    const remains = new Map<string, string[]>();
    for (const { owner, below } of stores) {
      const folder = path.join(disk, below);
      if (await stat(`${folder}/overlay-layers`).catch(() => undefined)) {
        const { damaged } = await checkStore(nextBoot, { owner, folder }, 0);
        // What was half made goes by the repair; the script below does as that does.
        const lasting = damaged.filter(({ isRemains }) => isRemains !== true);
        faults.push(...lasting.map(({ kind, names, why }) => `check: ${kind} ${names}: ${why}`));
        const left = damaged.filter(({ isRemains }) => isRemains === true);
        remains.set(
          owner.name,
          left.map(({ kind, id, mayBeKnown }) => {
            const how = mayBeKnown === true ? "unknown" : "rm";
            return `${kind === "image" ? "rmi" : how}:${id}`;
          }),
        );
      }
    }
    return [root, user].map(({ name }) => (remains.get(name) ?? []).join(" "));
  });
  const lines = said.split("\n");
  faults.push(...lines.filter((line) => line.startsWith("FAULT ")));
  if (!lines.includes("END")) {
    faults.push(`the look at the stores was not finished: ${said.slice(-500)}`);
  }
  const listed = lines.flatMap((line) => (line.startsWith("LISTED ") ? [line.slice(7)] : []));
  faults.push(...missing(listed, written));
  return { faults, listed };
}

/** Else nothing would be listed, and nothing could fail. */
function missing(listed: readonly string[], written: readonly Operation[]): string[] {
  const wanted = new Set<string>();
  for (const { makes, removes = [] } of written) {
    for (const line of removes) {
      wanted.delete(line);
    }
    for (const line of makes) {
      wanted.add(line);
    }
  }
  return [...wanted]
    .filter((one) => !listed.some((line) => matches(one, line)))
    .map((one) => `${one} isn't listed, though all is written`);
}

function matches(wanted: string, line: string): boolean {
  const [before, after] = wanted.split("*");
  return after === undefined
    ? line === wanted
    : line.startsWith(before ?? "") && line.endsWith(after);
}

/**
 * Runs every image, starts every container, reads every volume, network and secret that somebody's Podman lists.
 * $WHOSE: the start of each line; $REMAINS: what is to be removed before.
 */
const everythingWorks = `
said=$(mktemp)
fault() { echo "FAULT $WHOSE$*"; }
must() { what=$1; shift; "$@" > $said 2>&1 || fault "$what: $(tail -n 2 $said | tr '\\n' ' ')"; }
# As check-stores --repair does before anything else.
for remains in $REMAINS; do
  how=\${remains%%:*} id=\${remains#*:}
  if [ $how != rmi ]; then
    [ $how = unknown ] && podman container exists $id && continue
    podman container exists --external $id || continue
    how=rm
  fi
  podman $how $id > /dev/null 2>&1 || fault "podman $remains"
done
podman images --format "LISTED \${WHOSE}image {{.Repository}}:{{.Tag}}" || fault "podman images"
podman ps -a --format "LISTED \${WHOSE}container {{.Names}}" || fault "podman ps"
podman volume ls --format "LISTED \${WHOSE}volume {{.Name}}" || fault "podman volume ls"
podman network ls --format "LISTED \${WHOSE}network {{.Name}}" || fault "podman network ls"
podman secret ls --format "LISTED \${WHOSE}secret {{.Name}}" || fault "podman secret ls"
any=
for image in $(podman images -a -q --no-trunc | sort -u); do
  must "image $image" podman run --rm --network none $image sh -c 'cd / && sha256sum -c sums'
  any=$image
done
for container in $(podman ps -a --format '{{.Names}}'); do
  removes=$(podman container inspect --format '{{.HostConfig.AutoRemove}}' $container)
  must "container $container" podman start $container
  case $container in
    writer) must "content of $container" podman exec $container sh -c 'cd / && sha256sum -c sums' ;;
    mine) must "life of $container" podman exec $container true ;;
    *)
      # One of "run --rm" is gone at its end, perhaps before anybody waits for it.
      if [ "$removes" = true ]; then podman wait $container > /dev/null 2>&1
      else must "end of $container" podman wait $container
      fi ;;
  esac
  podman kill $container > /dev/null 2>&1
done
for volume in $(podman volume ls -q); do
  must "volume $volume" podman volume inspect $volume
  [ -z "$any" ] || must "content of $volume" podman run --rm --network none -v $volume:/box $any sh -c 'ls /box'
done
for network in $(podman network ls -q); do
  must "network $network" podman network inspect $network
  [ -z "$any" ] || must "container in $network" podman create --network $network $any true
done
for secret in $(podman secret ls -q); do
  must "secret $secret" podman secret inspect --showsecret $secret
done
`;

/** For root, and for the user where he has a store. $1 and $2: what is to be removed before, of each. */
const forBoth = `
cat > /tmp/everything <<'EVERYTHING'
${everythingWorks}
EVERYTHING
chmod 1777 /tmp
WHOSE= REMAINS=$1 sh /tmp/everything
if [ -d /mnt/data/local/share/containers/storage/overlay-layers ]; then
  ${layUser}
  su -s /bin/sh tc -c "${asUser} WHOSE=\\"user's \\" REMAINS='$2' sh /tmp/everything"
fi
echo END
`;
