/** One thing that somebody does with Podman, as root or as the user, while the plug may be pulled. */
export interface Operation {
  name: string;
  user: "root" | "tc";
  /** A shell script; $REGISTRY is where a registry listens. */
  script: string;
  /** What is listed when all of it is on the disk: lines of the check's report. */
  makes: readonly string[];
  /** What an operation before it has made, and what is gone afterwards. */
  removes?: readonly string[];
}

/**
 * A folder with files of all sizes, some larger than what is written at once, and the sums by which a container tells
 * that they are whole.
 */
const tree = `make() { # FOLDER
  mkdir -p $1/bin $1/data $1/tmp $1/proc $1/sys $1/dev
  cp /usr/bin/busybox $1/bin/
  for name in sh sleep cp sha256sum head sync cat ls true; do ln -sf busybox $1/bin/$name; done
  i=0; while [ $i -lt 80 ]; do head -c $((i * 1009 + 1)) /dev/urandom > $1/data/f$i; i=$((i + 1)); done
  head -c 3000001 /dev/urandom > $1/data/large
  (cd $1 && sha256sum data/* > sums)
}
set -e
`;

/** Containers that another machine's kernel can start without control groups and with its own limits. */
export const plainly =
  "--network none --cgroups disabled --ulimit nofile=1024:1024 --ulimit nproc=512:512";

const named = (name: string) => `image localhost/${name}:latest`;

/** In this order, with what each needs from those before it. */
export const operations: readonly Operation[] = [
  {
    name: "import",
    user: "root",
    script: `${tree}make /tmp/a && tar -C /tmp/a -c . | podman import -q -c ENV=PATH=/bin - localhost/a`,
    makes: [named("a")],
  },
  {
    name: "build",
    user: "root",
    script: `${tree}make /tmp/b/files
rm -r /tmp/b/files/bin
printf 'FROM localhost/a\nCOPY files /\nRUN cp -a /data /tmp/more\n' > /tmp/b/Containerfile
podman build -q --network none --ulimit nofile=1024:1024 -t localhost/built /tmp/b`,
    makes: [named("built")],
  },
  {
    name: "run",
    user: "root",
    script: `podman run -d --name writer ${plainly} -v box:/box localhost/a sh -c 'cp -a /data /box/data; cp /sums /box/sums; sync; i=0; while true; do i=$((i + 1)); head -c 9000 /dev/urandom > /tmp/f$((i % 50)); sleep 1; done'`,
    makes: ["container writer", "volume box"],
  },
  {
    name: "commit",
    user: "root",
    script: `podman run --name copier ${plainly} localhost/a cp -a /data /tmp/copied
podman commit -q --pause=false copier localhost/committed`,
    makes: ["container copier", named("committed")],
  },
  {
    name: "load",
    user: "root",
    script: `${tree}podman save -q -o /tmp/built.tar localhost/built
podman rmi localhost/built
podman load -q -i /tmp/built.tar`,
    makes: [named("built")],
  },
  {
    name: "pull",
    user: "root",
    script: `${tree}podman push -q --tls-verify=false localhost/built $REGISTRY/pulled
podman rmi localhost/built
podman pull -q --tls-verify=false $REGISTRY/pulled`,
    makes: ["image */pulled:latest"],
    removes: [named("built")],
  },
  {
    name: "volume, network and secret",
    user: "root",
    script: `set -e
podman volume create made
podman network create net1
echo hidden | podman secret create word -
podman run --rm ${plainly} -v made:/box localhost/a sh -c 'cp -a /data /sums /box/ && sync'`,
    makes: ["volume made", "network net1", "secret word"],
  },
  {
    name: "the user's import and run",
    user: "tc",
    script: `${tree}make /tmp/c && tar -C /tmp/c -c . | podman import -q -c ENV=PATH=/bin - localhost/c
podman run -d --name mine --network none localhost/c sleep 1000`,
    makes: [`user's ${named("c")}`, "user's container mine"],
  },
];
